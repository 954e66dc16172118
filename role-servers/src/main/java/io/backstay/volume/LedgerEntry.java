package io.backstay.volume;

import io.backstay.model.OperationReport;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Cbor;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * One operation in the ledger of a volume (rule K3): committed in the same metadata write as its
 * effect.
 *
 * @param operation original run id + "/" + step
 * @param work as it was started; its grant, if it has one, is checked once and no part of what
 *     makes two works the same
 * @param epoch of the run's reservation; 0 where a hold stands instead
 * @param result present when DONE
 * @param refusal present when REFUSED
 */
public record LedgerEntry(
    String operation,
    Work work,
    long epoch,
    State state,
    Progress progress,
    Instant started,
    Instant changed,
    Optional<WorkResult> result,
    Optional<Refusal> refusal) {

  /**
   * Byte counts as in {@link OperationReport}.
   *
   * @param movedUpTo everything below was moved at least once: what is moved below is moved again
   * @param startedAt where the first attempt began, above 0 when it adopted a partial image
   */
  public record Progress(
      long bytesDone,
      long bytesTotal,
      long bytesSent,
      long bytesResent,
      long movedUpTo,
      Optional<Long> startedAt) {
    public static final Progress NONE = new Progress(0, 0, 0, 0, 0, Optional.empty());
  }

  public LedgerEntry {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(work, "work");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(progress, "progress");
    Objects.requireNonNull(started, "started");
    Objects.requireNonNull(changed, "changed");
  }

  static LedgerEntry begin(String operation, Work work, long epoch, Instant now) {
    return new LedgerEntry(
        operation,
        work,
        epoch,
        State.RUNNING,
        Progress.NONE,
        now,
        now,
        Optional.empty(),
        Optional.empty());
  }

  LedgerEntry with(Progress newProgress, Instant now) {
    return new LedgerEntry(
        operation, work, epoch, state, newProgress, started, now, result, refusal);
  }

  LedgerEntry with(State newState, Instant now) {
    return new LedgerEntry(
        operation, work, epoch, newState, progress, started, now, result, refusal);
  }

  LedgerEntry done(WorkResult done, Instant now) {
    return new LedgerEntry(
        operation, work, epoch, State.DONE, progress, started, now, Optional.of(done), refusal);
  }

  LedgerEntry refused(Refusal why, Instant now) {
    return new LedgerEntry(
        operation, work, epoch, State.REFUSED, progress, started, now, result, Optional.of(why));
  }

  boolean hasSameWork(Work other) {
    return Cbor.hash(work.withoutGrant()).equals(Cbor.hash(other.withoutGrant()));
  }

  OperationReport report(String volume, String server, String step, Optional<String> waiting) {
    return new OperationReport(
        operation,
        work.kind(),
        volume,
        server,
        state,
        step,
        progress.bytesDone,
        progress.bytesTotal,
        progress.bytesSent,
        progress.bytesResent,
        started,
        changed,
        waiting,
        result,
        refusal);
  }
}
