package io.backstay.log;

import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.Gate;
import java.time.Instant;
import java.util.Optional;

/**
 * The cuts of a volume in their order, for the one who sends its log (rule X1).
 *
 * <p>Log is let go of only up to a cut that was sent, so a process that begins knows where the one
 * before it was: everything up to the oldest cut that is kept was sent, since oldest lies above the
 * cut before that one.
 */
public final class CutFeed {
  private final Cuts cuts;
  private final Cutter cutter;
  private final Tail tail;

  CutFeed(Cuts cuts, Cutter cutter, Tail tail) {
    this.cuts = cuts;
    this.cutter = cutter;
    this.tail = tail;
  }

  /** Empty while log is not kept for an archive. */
  public Optional<Session> session() {
    return cuts.isProtecting() ? Optional.of(cuts.session()) : Optional.empty();
  }

  /** Where to begin: the log before it was sent, or is that of another session. */
  public Optional<Cut> oldest() {
    return cuts.oldest();
  }

  /** Empty where there is none yet, or that one is of another session. */
  public Optional<Cut> after(Cut cut) {
    return cuts.after(cut);
  }

  /** Greatest gid that was ever given to this volume. */
  public Optional<Long> lastGid() {
    return cuts.lastGid();
  }

  public Optional<Cut> newest() {
    return cuts.newest();
  }

  /** Opened when there are new cuts. */
  public Gate recorded() {
    return cutter.recorded();
  }

  /**
   * Evidence that nothing was written behind a cut (rule M4).
   *
   * @return a moment up to which that is so; empty where something was
   */
  public Optional<Instant> quietSince(Cut cut) {
    if (tail.position().latest() != cut.lsid()) return Optional.empty();
    Mark mark = tail.mark();
    return mark.lsid() == cut.lsid() ? Optional.of(mark.time()) : Optional.empty();
  }
}
