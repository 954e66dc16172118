package io.backstay.sim.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.log.LogSettings;
import io.backstay.log.LoggedVolume;
import io.backstay.log.PartsOnDisk;
import io.backstay.log.VolumeParts;
import io.backstay.nbd.Export;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.sim.SeededScheduler;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.Trace;
import io.backstay.twin.MemoryDisk;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * A client that flushes after each write. Its log is written before it asks for the flush. What is
 * durable is gathered before it is applied, so that the client does not share its processors; but
 * nobody ever waits for that. Devices take no time here, so what passes is what somebody waited
 * for.
 */
class LoneClientTest {
  private static final int SEEDS = 30;
  private static final int BYTES = 1 << 20;
  private static final int TAIL_BYTES = 512 << 10;
  private static final Duration GATHERED = Duration.ofMillis(2);
  private static final Duration LONG = Duration.ofSeconds(10);

  /** A volume, and its one client. */
  private static final class Ground {
    final Time time;
    final Gate answered;
    final LoggedVolume volume;
    int writesOfData;
    int writesOfLog;
    boolean logIsSlow;

    Ground(Time time, MemoryDisk disk) throws Exception {
      this.time = time;
      this.answered = time.gate();
      disk.beforeEachOperation(this::before);
      VolumeParts parts = PartsOnDisk.of(disk, time, new LogSettings(TAIL_BYTES, LONG));
      LoggedVolume.format(parts, BYTES);
      volume = LoggedVolume.open(parts, false);
      time.sleep(GATHERED);
    }

    private void before(String operation) {
      boolean write = operation.startsWith("write ");
      if (write && operation.endsWith("/dev/data")) writesOfData++;
      if (write && operation.endsWith("/dev/log")) writesOfLog++;
      if (!write || !logIsSlow || !operation.endsWith("/dev/log")) return;
      try {
        time.sleep(LONG);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    void write(int block) throws InterruptedException {
      await(
          volume.write(
              block * 4096L,
              List.of(ByteBuffer.allocate(4096)),
              4096,
              false,
              _ -> answered.open()));
    }

    void flush() throws InterruptedException {
      await(volume.flush(_ -> answered.open()));
    }

    private void await(int result) throws InterruptedException {
      if (result == Export.LATER) assertThat(answered.await(LONG)).isTrue();
    }

    Duration since(long nanos) {
      return Duration.ofNanos(time.nanos() - nanos);
    }
  }

  private interface Story {
    void tell(Ground ground) throws Exception;
  }

  private static void tell(Story story) {
    for (long seed = 0; seed < SEEDS; seed++) tell(seed, story);
  }

  private static void tell(long seed, Story story) {
    SeededScheduler scheduler = new SeededScheduler(seed, new Trace(Optional.empty()));
    SimulatedProcess process = new SimulatedProcess("s1");
    MemoryDisk disk = new MemoryDisk();
    disk.addBlockDevice("/dev/data", BYTES);
    disk.addBlockDevice("/dev/log", 4 * TAIL_BYTES + (64 << 10));
    boolean[] over = new boolean[1];
    scheduler.fork(
        process,
        "story",
        () -> {
          try {
            story.tell(new Ground(new SimulatedTime(scheduler, process, () -> 0), disk));
            over[0] = true;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    while (!over[0] && scheduler.escaped().isEmpty() && scheduler.step()) {}
    scheduler.abandonAll();
    assertThat(scheduler.escaped()).as("seed %d", seed).isEmpty();
    assertThat(over[0]).isTrue();
  }

  @Test
  void itsLogIsWrittenBeforeTheFlushIsAskedFor() {
    tell(ground -> {
      for (int block = 0; block < 3; block++) {
        ground.write(block);
        ground.flush();
        // The log writer waits for more.
        ground.time.sleep(Duration.ofNanos(1));
      }
      int written = ground.writesOfLog;
      ground.write(3);
      ground.time.sleep(Duration.ofNanos(1));
      assertThat(ground.writesOfLog).isGreaterThan(written);
      written = ground.writesOfLog;
      ground.flush();
      assertThat(ground.writesOfLog).isEqualTo(written);
    });
  }

  @Test
  void writesThatAreFlushedOneByOneAreAppliedTogether() {
    tell(ground -> {
      long begin = ground.time.nanos();
      for (int block = 0; block < 3; block++) {
        ground.write(block);
        ground.flush();
      }
      assertThat(ground.since(begin)).isZero();
      assertThat(ground.writesOfData).isZero();
      ground.time.sleep(GATHERED.plusNanos(1));
      assertThat(ground.writesOfData).isEqualTo(3);
    });
  }

  @Test
  void whoNeedsTheMemoryOfWhatIsGatheredDoesNotWaitForMore() {
    tell(ground -> {
      long begin = ground.time.nanos();
      ground.write(1);
      ground.flush();
      ground.logIsSlow = true;
      for (int block = 0; ground.writesOfData == 0; block++) ground.write(block);
      assertThat(ground.since(begin)).isZero();
    });
  }

  @Test
  void aVolumeThatStopsDoesNotWaitForMore() {
    tell(ground -> {
      ground.write(1);
      ground.flush();
      long begin = ground.time.nanos();
      ground.volume.stop();
      assertThat(ground.since(begin)).isLessThan(GATHERED);
      assertThat(ground.writesOfData).isEqualTo(1);
    });
  }
}
