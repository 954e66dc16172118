package io.backstay.group;

import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.wire.Reply;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How the group on this machine is: only what somebody confirmed just now is stated, everything
 * else is unknown since a moment (docs/schemas/status.json).
 *
 * @param catalogConfirmed when the catalog itself last said which volumes there are; empty when not
 *     even an old copy of it is there
 */
public record StatusReport(
    String group,
    String directory,
    Instant time,
    Process supervisor,
    List<Server> servers,
    Temporal temporal,
    Optional<Instant> catalogConfirmed,
    List<Volume> volumes) {

  /** What is known of somebody. */
  public enum State {
    /** It answered just now, and proved who it is. */
    UP,
    /** Its process on this machine is not there. */
    DOWN,
    /** It did not answer. */
    UNKNOWN
  }

  /** A process that has nothing to answer. */
  public record Process(Optional<Long> pid, State state) {}

  /**
   * @param since present with UNKNOWN: when it was last seen UP, if it ever was
   * @param certificateDaysLeft of the certificate that it answered with
   * @param trouble why it is not UP
   */
  public record Server(
      String name,
      Role role,
      String node,
      Optional<Long> pid,
      String address,
      State state,
      Optional<Instant> since,
      Optional<Instant> started,
      Optional<String> software,
      Optional<Long> certificateDaysLeft,
      Optional<String> trouble) {}

  /**
   * How full the log of a volume is.
   *
   * @param capacityBytes most that may be used
   * @param bytesPerSecond how fast it grows, smoothed
   * @param notDurableBytes end of it that a loss of power would lose
   * @param notWrittenBytes end of it that is not known to be on the data device
   * @param secondsToFull if it goes on like this and nothing is released
   * @param protectedNow whether it is kept for an archive
   * @param givenUp when it was full, and was given up
   */
  public record Log(
      long usedBytes,
      long capacityBytes,
      long bytesPerSecond,
      long notDurableBytes,
      long notWrittenBytes,
      Optional<Long> secondsToFull,
      int session,
      boolean protectedNow,
      Optional<Instant> givenUp,
      int cuts,
      Optional<Newest> newestCut) {
    static Log of(Reply.LogFacts facts) {
      return new Log(
          facts.usedBytes(),
          facts.capacityBytes(),
          facts.bytesPerSecond(),
          facts.notDurableBytes(),
          facts.notWrittenBytes(),
          facts.secondsToFull(),
          facts.session(),
          facts.protectedNow(),
          facts.givenUp(),
          facts.cuts(),
          facts.newestCut().map(cut -> new Newest(cut.gid(), cut.time())));
    }
  }

  /** Where the workflows run. */
  public record Temporal(
      String address,
      String uiUrl,
      Optional<Long> pid,
      boolean embedded,
      String namespace,
      State state,
      Optional<Instant> since,
      Optional<String> trouble) {}

  /**
   * @param state of the storage's state table; UNKNOWN when it did not answer
   * @param nbdUri of a logged volume only, while it is served
   * @param log likewise
   * @param newestRestorable as the primary archive told just now; empty if there is none, or the
   *     archive did not answer, which {@code trouble} then says
   * @param upToDateAt the newest that is restorable there is the volume as it was then: evidence of
   *     the primary archive. A logged volume that nobody writes to does not age
   * @param ageSeconds how long ago that is
   * @param unknownSince when the primary archive was last heard; empty where it was heard just now,
   *     or never
   * @param proxies by way of which its log goes, in order
   */
  public record Volume(
      String name,
      VolumeKind kind,
      long sizeBytes,
      String state,
      Optional<String> nbdUri,
      Optional<Log> log,
      Optional<Newest> newestRestorable,
      Optional<Instant> upToDateAt,
      Optional<Long> ageSeconds,
      Optional<Instant> unknownSince,
      String device,
      String storage,
      List<String> archives,
      String primary,
      List<String> proxies,
      Hops hops,
      List<String> trouble) {}

  /** The newest point of a volume, or the newest cut of its log. */
  public record Newest(long gid, Instant time) {}
}
