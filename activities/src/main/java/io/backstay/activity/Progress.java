package io.backstay.activity;

import io.backstay.model.OperationReport;
import java.time.Instant;

/**
 * What the watcher last saw: the heartbeat's details, so that Temporal shows it and the next
 * attempt knows since when nothing moves. A hint only; the truth is the server's (rule K3).
 *
 * @param waiting what the operation waits for, or null
 * @param failingSince when the attempts began to fail one after the other, or null; what people are
 *     told as "waiting since" (rule K4)
 * @param alarmed whether the alarm was raised and not yet taken back
 */
public record Progress(
    String operation,
    String server,
    String state,
    String step,
    long bytesDone,
    long bytesTotal,
    long bytesSent,
    long bytesResent,
    Instant lastProgress,
    String waiting,
    Instant failingSince,
    boolean alarmed) {

  static Progress none(OperationActivities.Order order, Instant since) {
    return new Progress(
        order.operation(), order.server(), "UNKNOWN", "", 0, 0, 0, 0, since, null, null, false);
  }

  /** Of something that is waited for, and is no operation. */
  static Progress waiting(String forWhat, Instant since) {
    return new Progress("", "", "WAITING", "", 0, 0, 0, 0, since, forWhat, null, false);
  }

  /** Somebody answered, and there is nothing new. */
  Progress answered() {
    return failingSince == null ? this : waiting(waiting, lastProgress);
  }

  Progress seen(OperationReport report) {
    return new Progress(
        operation,
        server,
        report.state().name(),
        report.step(),
        report.bytesDone(),
        report.bytesTotal(),
        report.bytesSent(),
        report.bytesResent(),
        report.lastProgress(),
        report.waiting().orElse(null),
        null,
        alarmed);
  }

  Progress withAlarm(boolean raised) {
    return new Progress(
        operation,
        server,
        state,
        step,
        bytesDone,
        bytesTotal,
        bytesSent,
        bytesResent,
        lastProgress,
        waiting,
        failingSince,
        raised);
  }

  /** The server was asked in vain. */
  Progress failing(Instant now) {
    return new Progress(
        operation,
        server,
        state,
        step,
        bytesDone,
        bytesTotal,
        bytesSent,
        bytesResent,
        lastProgress,
        waiting,
        failingSince == null ? now : failingSince,
        alarmed);
  }
}
