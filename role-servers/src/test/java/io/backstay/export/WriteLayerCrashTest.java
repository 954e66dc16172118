package io.backstay.export;

import io.backstay.twin.MemoryDisk;
import io.backstay.twin.ProcessDiedError;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Rule X8, copy-on-write: whatever operation of the disk a crash comes before, what was flushed is
 * there, what was answered outlives the process, and no block is half the point's and half
 * nobody's.
 */
class WriteLayerCrashTest {
  private static final boolean LONG = Boolean.getBoolean("backstay.long");

  private enum Crash {
    POWER_LOSS,
    PROCESS_DEATH
  }

  @Test
  void aCrashBeforeAnyOperationOfTheDiskTakesNothingBack() throws IOException {
    for (Crash crash : Crash.values()) {
      for (long seed = 1; seed <= (LONG ? 20 : 2); seed++) {
        int operations = new Life(seed).live(25, Crash.POWER_LOSS, Integer.MAX_VALUE);
        for (int at = 1; at <= operations; at++) new Life(seed).live(25, crash, at);
      }
    }
  }

  @Test
  void norDoesOneCrashAfterTheOther() throws IOException {
    for (long seed = 1; seed <= (LONG ? 400 : 15); seed++) {
      Random random = new Random(seed);
      Life life = new Life(seed);
      for (int i = 0; i < 30; i++) {
        Crash crash = random.nextInt(3) == 0 ? Crash.POWER_LOSS : Crash.PROCESS_DEATH;
        life.live(15, crash, 1 + random.nextInt(120));
      }
    }
  }

  /** One disk, and what its clients were told. */
  private static final class Life {
    private final long seed;
    private final Random random;
    private final MemoryDisk disk = new MemoryDisk();
    private final LayerGround ground = new LayerGround(disk);
    private int operations;

    Life(long seed) throws IOException {
      this.seed = seed;
      this.random = new Random(seed);
      ground.create();
    }

    /**
     * Opens the layer, looks, and changes it, until it crashes at that operation of the disk or all
     * is done; then looks once more. Answers how many operations there were.
     */
    int live(int changes, Crash crash, int crashAt) throws IOException {
      operations = 0;
      disk.beforeEachOperation(operation -> {
        if (++operations == crashAt) crash(crash);
      });
      try {
        ground.open();
        ground.check();
        for (int i = 0; i < changes; i++) ground.change(random);
        crash(crash);
      } catch (ProcessDiedError died) {
        // As was wanted.
      }
      disk.beforeEachOperation(operation -> {});
      look("seed %d, %s before operation %d".formatted(seed, crash, crashAt));
      return operations;
    }

    private void crash(Crash crash) {
      switch (crash) {
        case PROCESS_DEATH -> ground.processDeath();
        case POWER_LOSS -> ground.powerLoss(random);
      }
    }

    private void look(String after) throws IOException {
      try {
        ground.open();
        ground.check();
      } catch (AssertionError wrong) {
        throw new AssertionError(after, wrong);
      }
      disk.processDeath();
    }
  }
}
