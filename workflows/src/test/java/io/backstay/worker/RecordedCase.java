package io.backstay.worker;

import static io.backstay.worker.Scenario.ADD_VOLUME;
import static io.backstay.worker.Scenario.FULL_BACKUP;

import io.backstay.model.OperationKind;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Work;
import io.backstay.wire.Command;
import io.backstay.wire.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An outcome whose history is kept for each workflow that can have it.
 *
 * @param name of the history's file
 */
record RecordedCase(String name, List<Scenario> scenarios, Play play) {
  /** Runs the scenario to this outcome. */
  interface Play {
    void run(TestGroup group, Scenario scenario) throws Exception;
  }

  private static final List<Scenario> LOGGED = List.of(Scenario.LOGGED_BACKUP);

  /** One of each workflow: histories are kept by the workflow's name. */
  private static final List<Scenario> EACH =
      Scenario.ALL.stream().filter(scenario -> !LOGGED.contains(scenario)).toList();

  static final List<RecordedCase> ALL =
      List.of(
          new RecordedCase("completed", EACH, RecordedCase::completed),
          new RecordedCase("retried", EACH, RecordedCase::retried),
          new RecordedCase("refused", EACH, RecordedCase::refused),
          new RecordedCase("cancelled", EACH, RecordedCase::cancelled),
          new RecordedCase("logged-completed", LOGGED, RecordedCase::completed),
          new RecordedCase("logged-retried", LOGGED, RecordedCase::retried),
          new RecordedCase("logged-again", LOGGED, RecordedCase::again),
          new RecordedCase(
              "unknown-volume",
              List.of(
                  FULL_BACKUP,
                  Scenario.RESTORE,
                  Scenario.VERIFY,
                  Scenario.CLEAR_VOLUME,
                  Scenario.DELETE_POINT,
                  Scenario.RESIZE,
                  Scenario.SET_VOLUME,
                  Scenario.SNAPSHOT,
                  Scenario.APPLY,
                  Scenario.MERGE),
              RecordedCase::unknownVolume),
          new RecordedCase("parked", List.of(FULL_BACKUP, Scenario.RESTORE), RecordedCase::parked),
          new RecordedCase(
              "superseded",
              List.of(
                  FULL_BACKUP,
                  ADD_VOLUME,
                  Scenario.CLEAR_VOLUME,
                  Scenario.DELETE_POINT,
                  Scenario.RESIZE,
                  Scenario.SET_VOLUME,
                  Scenario.APPLY,
                  Scenario.MERGE),
              RecordedCase::superseded),
          new RecordedCase(
              "cancelled-waiting",
              List.of(Scenario.SNAPSHOT, Scenario.LOGGED_BACKUP),
              RecordedCase::cancelledWaiting),
          new RecordedCase("not-awaited", List.of(Scenario.SNAPSHOT), RecordedCase::notAwaited),
          new RecordedCase("already-running", List.of(FULL_BACKUP), RecordedCase::alreadyRunning),
          new RecordedCase("undone", List.of(ADD_VOLUME), RecordedCase::undone));

  private static void completed(TestGroup group, Scenario scenario) throws Exception {
    group.await(group.begin(scenario.input()));
  }

  /** Each kind of call fails once. */
  private static void retried(TestGroup group, Scenario scenario) throws Exception {
    Set<String> failed = ConcurrentHashMap.newKeySet();
    group.servers.interrupt(
        (_, server, command) -> {
          if (failed.add(server + command.getClass())) {
            throw new UnreachableException(server + ": connection refused", null);
          }
        },
        (_, _, _) -> {});
    group.await(group.begin(scenario.input()));
  }

  private static void refused(TestGroup group, Scenario scenario) throws Exception {
    group.servers.refuse(
        (_, command) -> command instanceof Command.Start,
        Refusal.of(RefusalCode.WRONG_STATE, "the volume is in another state"));
    group.await(group.begin(scenario.input()));
  }

  private static void cancelled(TestGroup group, Scenario scenario) throws Exception {
    group.servers.holdStill();
    Started started = group.begin(scenario.input());
    group.until(() -> group.status(started).operation() != null);
    group.cancel(scenario.input().workflowId());
    group.servers.goOn();
    group.await(started);
  }

  /** The log is given up before the archive has it. */
  private static void again(TestGroup group, Scenario scenario) throws Exception {
    AtomicInteger passes = new AtomicInteger();
    group.servers.interrupt(
        (_, server, command) -> {
          if (server.equals("s0") && command instanceof Command.Start)
            group.servers.beginSession("log0", passes.incrementAndGet(), 4);
          if (command instanceof Command.ListPoints && passes.get() == 1)
            group.servers.loseLog("log0", Instant.EPOCH);
        },
        (_, _, _) -> {});
    group.await(group.begin(scenario.input()));
  }

  private static void unknownVolume(TestGroup group, Scenario scenario) throws Exception {
    group.servers.forget(scenario.input().volume());
    group.await(group.begin(scenario.input()));
  }

  private static void parked(TestGroup group, Scenario scenario) throws Exception {
    group.servers.holdStill();
    Started started = group.begin(scenario.input());
    group.until(() -> group.status(started).operation() != null);
    group.time.jump(Duration.ofMinutes(31));
    group.until(() -> group.status(started).alarm() != null);
    group.servers.park();
    group.servers.goOn();
    group.await(started);
  }

  private static void superseded(TestGroup group, Scenario scenario) throws Exception {
    group.servers.holdStill();
    Started started = group.begin(scenario.input());
    group.until(() -> group.status(started).operation() != null);
    String volume = scenario.input().volume();
    long epoch = group.servers.reservations().getFirst().epoch();
    group.servers.call(
        "c0",
        new Command.Reserve(
            volume, OperationKind.FULL_BACKUP, "other", "run9", "hash", Optional.of(epoch)));
    String server = group.status(started).server();
    group.servers.refuse(
        (name, command) -> name.equals(server) && command instanceof Command.Watch,
        Refusal.of(RefusalCode.FENCED, "epoch %d is below %d".formatted(epoch, epoch + 1)));
    group.await(started);
  }

  private static void alreadyRunning(TestGroup group, Scenario scenario) throws Exception {
    group.servers.holdStill();
    group.startRaw("FullBackup", "other", "{\"volume\":\"vol0\",\"rateLimit\":\"1MiB/s\"}");
    group.until(() -> !group.servers.reservations().isEmpty());
    group.await(group.begin(scenario.input()));
  }

  private static void undone(TestGroup group, Scenario scenario) throws Exception {
    group.servers.refuse(
        (server, command) ->
            server.equals("a0")
                && command instanceof Command.Start start
                && start.work() instanceof Work.AddVolume,
        Refusal.of(RefusalCode.WRONG_STATE, "another vol1 is here"));
    group.await(group.begin(scenario.input()));
  }

  /** The servers are done, and no archive has the point yet. */
  private static void cancelledWaiting(TestGroup group, Scenario scenario) throws Exception {
    group.servers.interrupt(
        (_, _, command) -> {
          if (command instanceof Command.ListPoints) group.servers.holdStill();
        },
        (_, _, _) -> {});
    Started started = group.begin(scenario.input());
    group.until(() -> group.status(started).step().startsWith("waiting until a0 can restore"));
    group.cancel(scenario.input().workflowId());
    group.await(started);
  }

  private static void notAwaited(TestGroup group, Scenario scenario) throws Exception {
    group.await(
        group.startRaw(
            "Snapshot", scenario.input().workflowId(), "{\"volume\":\"log0\",\"await\":false}"));
  }
}
