package io.backstay.sim.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.LogSettings;
import io.backstay.log.LoggedVolume;
import io.backstay.log.PartsOnDisk;
import io.backstay.log.VolumeParts;
import io.backstay.model.OnLogFull;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.Time;
import io.backstay.sim.SeededScheduler;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.Trace;
import io.backstay.twin.MemoryDisk;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * What seeds found once in a logged volume, each told alone: a seed means another story as soon as
 * anything changes, these stories stay.
 */
class LogMendedTest {
  private static final int TAIL_BYTES = 128 << 10;
  private static final int RING_BYTES = 4 * TAIL_BYTES;
  private static final int BYTES = 1 << 20;
  private static final Duration SECOND = Duration.ofSeconds(1);

  private interface Story {
    void tell(Time time, MemoryDisk disk, VolumeParts parts) throws Exception;
  }

  private static void tell(long seed, OnLogFull onFull, Story story) {
    Trace trace = new Trace(Optional.empty());
    SeededScheduler scheduler = new SeededScheduler(seed, trace);
    SimulatedProcess process = new SimulatedProcess("s1");
    MemoryDisk disk = new MemoryDisk();
    disk.addBlockDevice("/dev/data", BYTES);
    disk.addBlockDevice("/dev/log", RING_BYTES + (64 << 10));
    boolean[] over = new boolean[1];
    scheduler.fork(
        process,
        "story",
        () -> {
          Time time = new SimulatedTime(scheduler, process, () -> 0);
          VolumeParts parts =
              PartsOnDisk.of(
                  disk, time, new LogSettings(TAIL_BYTES, SECOND, SECOND, onFull, 64 << 10));
          try {
            LoggedVolume.format(parts, BYTES);
            story.tell(time, disk, parts);
            over[0] = true;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    while (!over[0] && scheduler.escaped().isEmpty() && scheduler.step())
      assertThat(scheduler.steps()).as("%s", scheduler.stacks()).isLessThan(20_000);
    scheduler.abandonAll();
    assertThat(scheduler.escaped()).as("seed %d:%n%s", seed, trace.lastLines()).isEmpty();
    assertThat(over[0]).isTrue();
  }

  private static int write(LoggedVolume volume, int block, List<Integer> answers) {
    return volume.write(
        block * 4096L, List.of(ByteBuffer.allocate(4096).putLong(0, 7)), 4096, false, answers::add);
  }

  /** Rule L6: who waits for room in a full log was waited for, and got none. */
  @Test
  void aVolumeStopsAlsoWhileWritersWaitForRoom() {
    tell(
        1,
        OnLogFull.BLOCK,
        (time, disk, parts) -> {
          LoggedVolume volume = LoggedVolume.open(parts, false);
          volume.openSession(1, new SessionUuid(1, 1), 0);
          List<Integer> answers = new ArrayList<>();
          int asked = 0;
          while (asked - answers.size() < 10 || !volume.position().full()) {
            if (write(volume, asked % 256, answers) == Export.DONE) answers.add(Export.DONE);
            if (++asked % 16 == 0) time.sleep(SECOND);
          }
          volume.stop();
          assertThat(answers).hasSize(asked);
          assertThat(answers.getLast()).isEqualTo(Errno.EIO);
          LoggedVolume.open(parts, false).stop();
        });
  }

  /** Rule M1: a cut by timer that met the stop of its volume ended its thread with an error. */
  @Test
  void aVolumeStopsAlsoWhenItIsTimeForACut() {
    for (long seed = 0; seed < 60; seed++) {
      tell(
          seed,
          OnLogFull.OVERFLOW,
          (time, disk, parts) -> {
            LoggedVolume volume = LoggedVolume.open(parts, false);
            volume.openSession(1, new SessionUuid(1, 1), 0);
            write(volume, 1, new ArrayList<>());
            time.sleep(SECOND);
            volume.stop();
          });
    }
  }

  /**
   * Rule M2: a cut by timer got the first gid of the session that was about to begin. That ended
   * the switch half way, with a volume that is served and noted as closed: its next start would
   * have forgotten the tail.
   */
  @Test
  void aCutThatIsMadeWhileASessionBeginsTakesItsGidOrComesTooLate() {
    for (long seed = 0; seed < 100; seed++) {
      Duration before = Duration.ofMillis(1000 - seed % 25);
      tell(
          seed,
          OnLogFull.OVERFLOW,
          (time, disk, parts) -> {
            LoggedVolume volume = LoggedVolume.open(parts, false);
            volume.openSession(1, new SessionUuid(1, 1), 0);
            time.sleep(before);
            write(volume, 1, new ArrayList<>());
            try {
              volume.openSession(2, new SessionUuid(2, 2), 1);
            } catch (RefusedException e) {
              assertThat(e.refusal().code()).isEqualTo(RefusalCode.VERSION_CONFLICT);
              assertThat(volume.history().cuts()).hasSize(2);
            }
            assertThat(volume.snapshot(Optional.empty(), Optional.empty()).gid()).isEqualTo(2);
            volume.stop();
          });
    }
  }

  /** Rule M2: whoever asked for a cut after a device had failed was told to make a full backup. */
  @Test
  void afterAFailureOfADeviceACutFailsWithItsReason() {
    tell(
        1,
        OnLogFull.OVERFLOW,
        (time, disk, parts) -> {
          LoggedVolume volume = LoggedVolume.open(parts, false);
          volume.openSession(1, new SessionUuid(1, 1), 0);
          disk.failWrites("/dev/log", 0, Long.MAX_VALUE);
          write(volume, 1, new ArrayList<>());
          for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> volume.snapshot(Optional.empty(), Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/dev/log");
            time.sleep(SECOND);
          }
        });
  }

  /** Rule L6: a log whose mark could not be written was not given up, but its cuts were refused. */
  @Test
  void whileTheMarkOfAFullLogCannotBeWrittenTheVolumeStaysProtected() {
    for (long seed = 0; seed < 20; seed++) {
      tell(
          seed,
          OnLogFull.OVERFLOW,
          (time, disk, parts) -> {
            LoggedVolume volume = LoggedVolume.open(parts, false);
            volume.openSession(1, new SessionUuid(1, 1), 0);
            for (String file : List.of("cuts", "cuts.tmp"))
              disk.failWrites("/server/vol0/" + file, 0, Long.MAX_VALUE);
            List<Integer> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
              write(volume, i % 256, answers);
              if (i % 8 == 0) time.sleep(Duration.ofMillis(30));
            }
            assertThatThrownBy(() -> volume.snapshot(Optional.empty(), Optional.empty()))
                .isInstanceOf(IOException.class);
            assertThat(volume.history().isProtected()).isTrue();
            disk.healFaults();
            time.sleep(Duration.ofSeconds(5));
            assertThat(volume.history().givenUp()).isPresent();
            assertThat(answers).doesNotContain(Errno.EIO);
            volume.stop();
          });
    }
  }
}
