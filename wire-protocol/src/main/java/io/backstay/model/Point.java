package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * A restorable point of a volume at an archive.
 *
 * @param time when the bytes were so, UTC: for a plain volume the begin of the backup
 * @param clean true when the image is exactly generation {@code gid}
 * @param sizeBytes size of the image, which is the size of a restore (rule L9)
 * @param storedBytes what its image takes at the archive
 * @param proof what is known of writes to the source while it was read (rule L10)
 * @param explicit somebody asked for it: it is never merged away
 * @param quietUntil nothing was written between {@code time} and then (rule M4); empty where there
 *     is no evidence of that
 */
public record Point(
    long gid,
    Instant time,
    Optional<String> label,
    boolean clean,
    long sizeBytes,
    long storedBytes,
    Proof proof,
    Boolean explicit,
    Optional<Instant> quietUntil) {
  /** An image, of which nobody knows what was written after it. */
  public Point(
      long gid,
      Instant time,
      Optional<String> label,
      boolean clean,
      long sizeBytes,
      long storedBytes,
      Proof proof) {
    this(gid, time, label, clean, sizeBytes, storedBytes, proof, true, Optional.empty());
  }

  /** What is known of writes to the source while it was read (rule L10). */
  public enum Proof {
    /** Read from a frozen copy, or the log makes it exact. */
    FROZEN,
    /** The evidence says that nothing was written meanwhile. */
    UNCHANGED,
    /** There is no evidence: shown as "unproven". */
    UNPROVEN;

    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Point {
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(proof, "proof");
    label = label == null ? Optional.empty() : label;
    explicit = explicit == null || explicit; // what earlier releases wrote says nothing of it
    quietUntil = quietUntil == null ? Optional.empty() : quietUntil;
    if (gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
  }
}
