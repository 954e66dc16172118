package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * How far an operation is, as its server knows it (rule K4). Its ledger entry gives the same answer
 * after a restart.
 *
 * @param operation original run id + "/" + step
 * @param server server name
 * @param step what is being done, in words: "sending", "writing"
 * @param bytesDone durable at the receiver, of {@code bytesTotal}
 * @param bytesSent payload bytes that crossed the wire, or were written, those done twice included
 * @param bytesResent of these, the bytes done a second time
 * @param lastProgress when {@code bytesDone} last grew
 * @param waiting what the operation waits for, "a0 since 02:13:07Z: connection refused"
 * @param result present when DONE
 * @param refusal present when REFUSED
 */
public record OperationReport(
    String operation,
    OperationKind kind,
    String volume,
    String server,
    State state,
    String step,
    long bytesDone,
    long bytesTotal,
    long bytesSent,
    long bytesResent,
    Instant started,
    Instant lastProgress,
    Optional<String> waiting,
    Optional<WorkResult> result,
    Optional<Refusal> refusal) {

  /** State of a ledger entry. RUNNING is the only transient one. */
  public enum State {
    RUNNING,
    /** Nobody watched for 30 minutes: progress is kept, the same id starts it again (rule K3). */
    PARKED,
    DONE,
    REFUSED,
    CANCELLED
  }

  public OperationReport {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(kind, "kind");
    Names.require("volume", volume);
    Objects.requireNonNull(server, "server");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(step, "step");
    Objects.requireNonNull(started, "started");
    Objects.requireNonNull(lastProgress, "lastProgress");
    if ((state == State.DONE) != result.isPresent()) {
      throw new IllegalArgumentException(
          operation + " is " + state + " but its result is " + result);
    }
    if ((state == State.REFUSED) != refusal.isPresent()) {
      throw new IllegalArgumentException(
          operation + " is " + state + " but its refusal is " + refusal);
    }
  }

  /** Whether the entry can still change without a new command. */
  @JsonIgnore
  public boolean running() {
    return state == State.RUNNING;
  }
}
