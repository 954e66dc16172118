package io.backstay.activity;

import io.backstay.model.OperationReport;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Refusal;
import io.backstay.model.WorkResult;
import io.backstay.wire.Command;
import java.time.Instant;
import java.util.Optional;

/** One ledger entry of a {@link MemoryServer}. */
final class MemoryOperation {
  final Command.Start start;
  final Instant started;
  State state = State.RUNNING;
  long bytesDone;
  long startedAt;
  Instant lastProgress;
  Optional<WorkResult> result = Optional.empty();
  Optional<Refusal> refusal = Optional.empty();
  Optional<String> waiting = Optional.empty();

  MemoryOperation(Command.Start start, long startedAt, Instant now) {
    this.start = start;
    this.started = now;
    this.lastProgress = now;
    this.startedAt = startedAt;
    this.bytesDone = startedAt;
  }

  boolean isOpen() {
    return state == State.RUNNING || state == State.PARKED;
  }

  void end(WorkResult with) {
    state = State.DONE;
    result = Optional.of(with);
  }

  void refuse(Refusal why) {
    state = State.REFUSED;
    refusal = Optional.of(why);
  }

  OperationReport report(String server, long bytesTotal) {
    return new OperationReport(
        start.operation(),
        start.work().kind(),
        start.volume(),
        server,
        state,
        state == State.RUNNING ? "moving" : "",
        bytesDone,
        bytesTotal,
        bytesDone - startedAt,
        0,
        started,
        lastProgress,
        waiting,
        result,
        refusal);
  }
}
