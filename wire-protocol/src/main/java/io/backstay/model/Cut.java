package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A place in a volume's log at which a transfer may end or a snapshot be taken (rule M1): between
 * two packs, in log that is durable.
 *
 * @param session number of the log's session (rule M2)
 * @param lsid the log below it belongs to the image at this cut
 * @param gid one more than that of the cut before it in this session
 * @param time nothing was written between the last write below the cut and this time; never before
 *     the time of the cut before it (rule M4). Of several cuts with one time that holds for the
 *     newest
 * @param firstWrite time of the first write after the previous cut; empty where there was none, or
 *     where nobody knows
 * @param explicit somebody asked for it: a snapshot, which is never merged away
 * @param operation the operation that asked for it, if one did (rule K3)
 * @param volumeBytes size of the volume (rule L9); the cut with which a session begins does not say
 *     it, nor do those of earlier releases
 */
public record Cut(
    int session,
    long lsid,
    long gid,
    Instant time,
    Optional<Instant> firstWrite,
    boolean explicit,
    Optional<String> label,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Optional<String> operation,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Optional<Long> volumeBytes) {
  public Cut(
      int session,
      long lsid,
      long gid,
      Instant time,
      Optional<Instant> firstWrite,
      boolean explicit,
      Optional<String> label) {
    this(session, lsid, gid, time, firstWrite, explicit, label, Optional.empty(), Optional.empty());
  }

  /** Of a volume whose size is not told. */
  public Cut(
      int session,
      long lsid,
      long gid,
      Instant time,
      Optional<Instant> firstWrite,
      boolean explicit,
      Optional<String> label,
      Optional<String> operation) {
    this(session, lsid, gid, time, firstWrite, explicit, label, operation, Optional.empty());
  }

  public static final int LABEL_CHARACTERS_MAX = 200;

  public Cut {
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(firstWrite, "firstWrite");
    Objects.requireNonNull(label, "label");
    operation = operation == null ? Optional.empty() : operation;
    volumeBytes = volumeBytes == null ? Optional.empty() : volumeBytes;
    if (session < 1 || lsid < 0 || gid < 0)
      throw new IllegalArgumentException(
          "a cut of session %d at lsid %d with gid %d".formatted(session, lsid, gid));
    if (label.isPresent()
        && (!explicit || label.get().isBlank() || label.get().length() > LABEL_CHARACTERS_MAX))
      throw new IllegalArgumentException(
          "the label '%s' of a cut: only a snapshot has one, of 1 to %d characters"
              .formatted(label.get(), LABEL_CHARACTERS_MAX));
  }
}
