package io.backstay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SeededSchedulerTest {
  private static final class World {
    final Trace trace = new Trace(Optional.empty());
    final SeededScheduler scheduler;
    final SimulatedProcess process = new SimulatedProcess("p");
    final Time time;
    final List<String> said = new ArrayList<>();

    World(long seed) {
      scheduler = new SeededScheduler(seed, trace);
      time = new SimulatedTime(scheduler, process, () -> 0);
    }

    void say(String what) {
      said.add(what);
      trace.line(scheduler.nanos(), "p", what);
    }

    World run() {
      while (scheduler.step()) {
        // until nothing is left
      }
      assertThat(scheduler.escaped()).isEmpty();
      return this;
    }
  }

  private interface Body {
    void run() throws InterruptedException, ExecutionException;
  }

  private static Runnable body(Body body) {
    return () -> {
      try {
        body.run();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
    };
  }

  /** Threads that meet at everything that simulated code may wait at. */
  private static World meet(long seed) {
    World world = new World(seed);
    ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(2);
    ReentrantLock lock = new ReentrantLock();
    Object monitor = new Object();
    boolean[] told = {false};
    CompletableFuture<String> future = new CompletableFuture<>();
    for (int i = 0; i < 3; i++) {
      int me = i;
      world.time.fork(
          "producer",
          body(() -> {
            for (int n = 0; n < 5; n++) {
              if (n == me) world.time.sleep(Duration.ofMillis(n));
              queue.put(10 * me + n);
            }
          }));
      world.time.fork(
          "waiter",
          body(() -> {
            synchronized (monitor) {
              while (!told[0]) monitor.wait();
            }
            world.say("waiter " + me + " was told");
            lock.lock();
            try {
              world.time.sleep(Duration.ofMillis(1));
              world.say("lock " + me);
            } finally {
              lock.unlock();
            }
          }));
    }
    world.time.fork(
        "consumer",
        body(() -> {
          for (int n = 0; n < 15; n++) {
            int taken = queue.take();
            FutureTask<Integer> task = new FutureTask<>(() -> taken);
            world.time.fork("task", task);
            world.say("took " + task.get());
          }
          synchronized (monitor) {
            told[0] = true;
            monitor.notifyAll();
          }
          future.complete("done");
        }));
    world.time.fork("future", body(() -> world.say(future.get())));
    return world.run();
  }

  @Test
  void theSameSeedGivesTheSameRunBitForBit() {
    for (long seed = 0; seed < 100; seed++) {
      World once = meet(seed);
      World again = meet(seed);
      assertThat(again.said).as("seed %d", seed).isEqualTo(once.said).hasSize(22);
      assertThat(again.trace.hash()).as("seed %d", seed).isEqualTo(once.trace.hash());
      assertThat(again.scheduler.steps()).isEqualTo(once.scheduler.steps());
    }
  }

  @Test
  void otherSeedsGiveOtherRuns() {
    long different =
        LongStream.range(0, 100).map(seed -> meet(seed).trace.hash()).distinct().count();
    assertThat(different).isEqualTo(100);
    assertThat(LongStream.range(0, 20).mapToObj(seed -> meet(seed).said).distinct().count())
        .isGreaterThan(15);
  }

  @Test
  void timeStandsStillWhileSomebodyCanRunAndThenJumps() {
    World world = new World(1);
    world.time.fork(
        "sleeper",
        body(() -> {
          world.time.sleep(Duration.ofDays(1));
          world.say("a day later at " + world.time.now());
        }));
    world.time.fork(
        "busy",
        body(() -> {
          for (int i = 0; i < 1000; i++) Thread.yield();
          world.say("busy until " + world.time.now());
        }));

    assertThat(world.run().said)
        .containsExactly("busy until 2026-03-01T00:00:00Z", "a day later at 2026-03-02T00:00:00Z");
  }

  @Test
  void aKilledProcessNeverRunsAgainNotEvenItsFinallyBlocks() {
    World world = new World(2);
    SimulatedProcess victim = new SimulatedProcess("victim");
    Time theirs = new SimulatedTime(world.scheduler, victim, () -> 0);
    Body work =
        () -> {
          try {
            while (true) theirs.sleep(Duration.ofMillis(10));
          } finally {
            world.say("finally");
          }
        };
    theirs.fork("worker", body(work));
    theirs.fork(
        "suicide",
        body(() -> {
          try {
            theirs.sleep(Duration.ofSeconds(1));
            world.scheduler.kill(victim);
            SeededScheduler.parkForever();
          } finally {
            world.say("finally");
          }
        }));
    world.time.fork("other", body(() -> world.time.sleep(Duration.ofSeconds(2))));

    assertThat(world.run().said).isEmpty();
    assertThat(world.time.now()).isEqualTo(SimulatedTime.BEGIN.plusSeconds(2));
  }

  @Test
  void aPausedProcessGoesOnLater() {
    World world = new World(3);
    SimulatedProcess slow = new SimulatedProcess("slow");
    Time theirs = new SimulatedTime(world.scheduler, slow, () -> 0);
    theirs.fork(
        "worker",
        body(() -> {
          theirs.sleep(Duration.ofSeconds(1));
          world.say("at " + theirs.now());
        }));
    world.time.fork(
        "pauser",
        body(() -> {
          world.time.sleep(Duration.ofMillis(500));
          world.scheduler.pause(slow, Duration.ofSeconds(60).toNanos());
        }));

    assertThat(world.run().said).containsExactly("at 2026-03-01T00:01:00.500Z");
  }

  @Test
  void aGateThatIsOpenedLetsOneThroughAndATimeOutNobody() {
    World world = new World(4);
    var gate = world.time.gate();
    world.time.fork(
        "waiter",
        body(() -> {
          world.say("first " + gate.await(Duration.ofSeconds(1)));
          world.say("second " + gate.await(Duration.ofSeconds(10)));
          world.say("third " + gate.await(Duration.ofSeconds(1)));
        }));
    world.time.fork(
        "opener",
        body(() -> {
          world.time.sleep(Duration.ofSeconds(5));
          gate.open();
          gate.open();
        }));

    assertThat(world.run().said).containsExactly("first false", "second true", "third false");
    assertThat(world.time.now()).isEqualTo(SimulatedTime.BEGIN.plusSeconds(6));
  }
}
