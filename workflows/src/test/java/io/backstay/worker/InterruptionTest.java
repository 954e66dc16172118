package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.activity.MemoryServers.Interruption;
import io.backstay.model.Exclusion;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.UnreachableException;
import io.backstay.workflow.Restore;
import io.backstay.workflow.RunInput;
import io.temporal.testing.TestWorkflowEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Every run is interrupted at each call to a server, before the server acts and after it, in every
 * way there is: it ends as an undisturbed one, or as cancelled, and leaves nothing transient behind
 * (rules K2, K3, F5).
 */
class InterruptionTest {
  private static final TestWorkflowEnvironment TEMPORAL = TestGroup.newTemporal();

  @AfterAll
  static void close() {
    TEMPORAL.close();
  }

  /** Before a call reaches its server, or after the server acted and before its reply arrives. */
  private enum Moment {
    BEFORE,
    AFTER
  }

  /** One group with one run that is interrupted at one call. */
  private static final class Attempt implements AutoCloseable {
    final Scenario scenario;
    final String name;
    final TestGroup group;

    Attempt(Scenario scenario, String name) {
      this.scenario = scenario;
      this.name = name;
      this.group = TestGroup.beside(TEMPORAL, name);
    }

    void interruptAt(int call, Moment moment, Interruption what) {
      AtomicBoolean once = new AtomicBoolean();
      Interruption at =
          (number, server, command) -> {
            if (number == call && once.compareAndSet(false, true)) {
              what.at(number, server, command);
            }
          };
      Interruption nothing = (_, _, _) -> {};
      group.servers.interrupt(
          moment == Moment.BEFORE ? at : nothing, moment == Moment.AFTER ? at : nothing);
    }

    Outcome run() throws UnreachableException, RefusedException {
      return group.await(group.begin(scenario.input()));
    }

    void assertDone(Outcome outcome) {
      assertThat(outcome).as(name).isInstanceOf(Outcome.Completed.class);
      assertThat(scenario.done().test(group.servers)).as(name + " is done").isTrue();
      assertThat(group.servers.isSteady()).as(name + " is steady").isTrue();
    }

    /** A restore's target is not empty any more: the next one goes elsewhere. */
    Outcome again() throws UnreachableException, RefusedException {
      RunInput input =
          scenario.input() instanceof Restore.Input restore
              ? new Restore.Input(
                  restore.volume(), null, null, null, null, "n0:/elsewhere", null, null, null)
              : scenario.input();
      return group.await(group.begin(input));
    }

    void cancel() throws UnreachableException {
      try {
        group.cancel(scenario.input().workflowId());
      } catch (RefusedException e) {
        throw new AssertionError(e);
      }
    }

    void terminate() {
      group.terminate(scenario.input().workflowId());
    }

    void assertNothingWasCancelled() {
      assertThat(group.servers.journal()).as(name).noneMatch(call -> call.endsWith(" Cancel"));
    }

    /** The next run did the work, or found that there was nothing left to do. */
    void assertMended(Outcome next) {
      if (!(next instanceof Outcome.Failed failed)) {
        assertDone(next);
        return;
      }
      assertThat(scenario.done().test(group.servers)).as("%s: %s", name, failed).isTrue();
      assertThat(failed.refusal().code())
          .as(name)
          .isIn(
              RefusalCode.ALREADY_EXISTS,
              RefusalCode.UNKNOWN_VOLUME,
              RefusalCode.POINT_NOT_REACHABLE);
      assertThat(group.servers.reservations()).as(name).isEmpty();
    }

    @Override
    public void close() {
      group.close();
    }
  }

  /** The calls that an undisturbed run makes. */
  private int callsOf(Scenario scenario) throws Exception {
    try (Attempt attempt = new Attempt(scenario, "count-" + scenario)) {
      attempt.group.startWorker();
      attempt.assertDone(attempt.run());
      return attempt.group.servers.calls();
    }
  }

  /** What is done to each attempt, and what must be true of it. */
  private interface Trial {
    void of(Attempt attempt, int call, Moment moment) throws Exception;
  }

  /** Tries each call and moment of each scenario, all at once: most of the time they wait. */
  private void tryEverywhere(List<Scenario> scenarios, String how, Trial trial) throws Exception {
    List<Callable<Void>> trials = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      int calls = callsOf(scenario);
      for (int call = 1; call <= calls; call++) {
        for (Moment moment : Moment.values()) {
          int at = call;
          trials.add(() -> tryOnce(scenario, how, trial, at, moment));
        }
      }
    }
    List<Throwable> failures = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> done : threads.invokeAll(trials)) {
        if (done.state() == Future.State.FAILED) failures.add(done.exceptionNow());
      }
    }
    assertThat(failures).as("of %d trials", trials.size()).isEmpty();
  }

  private static Void tryOnce(Scenario scenario, String how, Trial trial, int call, Moment moment)
      throws Exception {
    String name = "%s-%s-%s-%d".formatted(scenario, how, moment, call);
    try (Attempt attempt = new Attempt(scenario, name)) {
      trial.of(attempt, call, moment);
    }
    return null;
  }

  /** Rule K3: the next worker attaches to what runs; nothing is done twice. */
  @Test
  void theDeathOfTheWorkerAtAnyStepChangesNothing() throws Exception {
    tryEverywhere(
        Scenario.ALL,
        "death",
        (attempt, call, moment) -> {
          TestGroup.TestWorker first = attempt.group.startWorker();
          CountDownLatch dead = new CountDownLatch(1);
          attempt.interruptAt(
              call,
              moment,
              (_, server, _) -> {
                try {
                  first.die();
                } finally {
                  dead.countDown();
                }
                throw new UnreachableException("the worker died asking " + server, null);
              });
          Started started = attempt.group.begin(attempt.scenario.input());
          dead.await();
          attempt.group.startWorker();
          attempt.assertDone(attempt.group.await(started));
          attempt.assertNothingWasCancelled();
        });
  }

  /** Rule K4: a call or its reply is lost. */
  @Test
  void aLostCallOrReplyAtAnyStepChangesNothing() throws Exception {
    tryEverywhere(
        Scenario.ALL,
        "loss",
        (attempt, call, moment) -> {
          attempt.group.startWorker();
          attempt.interruptAt(
              call,
              moment,
              (_, server, _) -> {
                throw new UnreachableException(server + ": connection reset", null);
              });
          attempt.assertDone(attempt.run());
          attempt.assertNothingWasCancelled();
        });
  }

  /** Rule K3: cancelled at any step, the servers are steady, and the next start completes it. */
  @Test
  void aCancelAtAnyStepLeavesASteadyGroup() throws Exception {
    Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
    tryEverywhere(
        Scenario.ALL,
        "cancel",
        (attempt, call, moment) -> {
          attempt.group.startWorker();
          attempt.interruptAt(call, moment, (_, _, _) -> attempt.cancel());
          Outcome outcome = attempt.run();
          outcomes.add(outcome);
          assertThat(attempt.group.servers.isSteady()).as(attempt.name + " is steady").isTrue();
          if (outcome instanceof Outcome.Completed) {
            attempt.assertDone(outcome);
            return;
          }
          assertThat(outcome).as(attempt.name).isInstanceOf(Outcome.Cancelled.class);
          boolean done = attempt.scenario.done().test(attempt.group.servers);
          assertThat(done || attempt.scenario.undone().test(attempt.group.servers))
              .as(attempt.name + " is done or undone")
              .isTrue();
          attempt.assertMended(attempt.again());
        });
    assertThat(outcomes).hasAtLeastOneElementOfType(Outcome.Cancelled.class);
  }

  /** Rule K2: what a terminated run left is superseded by the next start. */
  @Test
  void aTerminationAtAnyStepIsMendedByTheNextStart() throws Exception {
    List<Scenario> reserving =
        Scenario.ALL.stream()
            .filter(scenario -> Exclusion.reserves(scenario.input().kindOfRun()))
            .toList(); // what the others hold expires
    tryEverywhere(
        reserving,
        "terminate",
        (attempt, call, moment) -> {
          attempt.group.startWorker();
          CountDownLatch reached = new CountDownLatch(1);
          attempt.interruptAt(
              call,
              moment,
              (_, _, _) -> {
                attempt.terminate();
                reached.countDown();
              });
          Started started = attempt.group.begin(attempt.scenario.input());
          reached.await();
          assertThat(attempt.group.await(started)).isInstanceOf(Outcome.Terminated.class);
          attempt.assertMended(attempt.again());
        });
  }
}
