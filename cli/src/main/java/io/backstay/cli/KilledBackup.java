package io.backstay.cli;

import io.backstay.group.ProcessIdentity;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.worker.Outcome;
import io.backstay.worker.Started;
import io.backstay.workflow.FullBackup;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** A full backup in whose middle the archive server is killed. */
final class KilledBackup {
  private static final Duration ASK_EVERY = Duration.ofMillis(100);

  private final DemoStage stage;
  private final String volume;
  private final String rate;
  private final long killAtBytes;
  private final AtomicReference<Long> killedAtBytes = new AtomicReference<>();

  /**
   * @param rate slow enough that "in the middle" is a moment that can be met
   * @param killAtBytes so much has to be durable before
   */
  KilledBackup(DemoStage stage, String volume, String rate, long killAtBytes) {
    this.stage = stage;
    this.volume = volume;
    this.rate = rate;
    this.killAtBytes = killAtBytes;
  }

  FullBackup.Result run() throws IOException, InterruptedException, RefusedException {
    stage.show("backup", "full", volume, "--rate-limit", rate);
    String archive = stage.file().servers(Role.ARCHIVE).getFirst().name();
    Consumer<Progress.Snapshot> watch =
        seen -> {
          stage.narration().progress(seen);
          if (seen.bytesDone() >= killAtBytes && killedAtBytes.get() == null) kill(archive, seen);
        };
    FullBackup.Result result = follow(new FullBackup.Input(volume, rate, null), watch);
    if (killedAtBytes.get() == null)
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.OTHER,
                  "the backup was over before the archive server could be killed")
              .attempted("the demo"));
    stage
        .narration()
        .step(
            "done: gid %d is restorable; %s is pid %d now; %s sent, %s of it twice"
                .formatted(
                    result.gid(),
                    archive,
                    stage.group().process(archive).map(ProcessIdentity::pid).orElse(0L),
                    Quantity.bytes(result.bytesSent()),
                    Quantity.bytes(result.bytesResent())));
    return result;
  }

  /** Durable bytes when it was killed. */
  long killedAtBytes() {
    return killedAtBytes.get();
  }

  private void kill(String name, Progress.Snapshot seen) {
    Optional<ProcessIdentity> process = stage.group().process(name);
    if (process.isEmpty()) return;
    long pid = process.get().pid();
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    stage
        .narration()
        .step(
            "killed the archive server %s (pid %d) with SIGKILL, %s of %s are durable"
                .formatted(
                    name,
                    pid,
                    Quantity.bytes(seen.bytesDone()),
                    Quantity.bytes(seen.bytesTotal())));
    stage.narration().detail("the supervisor starts it again, the workflow goes on by itself");
    killedAtBytes.set(seen.bytesDone());
  }

  private FullBackup.Result follow(FullBackup.Input input, Consumer<Progress.Snapshot> progress)
      throws IOException, InterruptedException, RefusedException {
    Started started = stage.runs().start(input);
    RunFollower follower =
        new RunFollower(
            stage.runs(),
            stage.connection().servers(stage.file()),
            stage.time(),
            ASK_EVERY,
            progress);
    Outcome outcome = follower.follow(started);
    if (outcome instanceof Outcome.Completed completed)
      return completed.as(FullBackup.Result.class);
    throw new RefusedException(RunDesk.refusal(outcome));
  }
}
