package io.backstay.sim.log;

import io.backstay.log.LoggedVolume;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.sim.Violation;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Who makes the volume larger, in some worlds (rule L9): in order; the data device alone; the size
 * alone, which is refused; by a device that somebody else made longer, with old bytes behind its
 * end. The process dies at any operation of it.
 */
final class Resizes {
  /** What is added at most, in blocks of 4 KiB, and to how many altogether. */
  private static final int BLOCKS_MAX = 40;

  private static final int GROWN_BLOCKS_MAX = 160;
  private static final int OPERATIONS_MAX = 24;
  private static final int BLOCK_BYTES = 4096;

  private final LogWorld world;
  private final MemoryDisk disk;

  /** Of its own, so that a world without growth is what it would be without this class. */
  private final RandomGenerator random;

  private final boolean possible;
  private final int sectorsMax;
  private Thread at;
  private int left;
  private boolean outside;
  private int done;

  Resizes(long seed, LogWorld world, MemoryDisk disk, int sectors) {
    this.world = world;
    this.disk = disk;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 31 + 5);
    this.possible = random.nextInt(3) == 0;
    this.sectorsMax = possible ? sectors + GROWN_BLOCKS_MAX * 8 : sectors;
  }

  /** Sectors that the volume never has more of. */
  int sectorsMax() {
    return sectorsMax;
  }

  /** Sizes that somebody was told of. */
  int done() {
    return done;
  }

  /** The data device: a file, where it is to become longer. */
  void makeDevice(long bytes) throws IOException {
    if (!possible) {
      disk.addBlockDevice(LogWorld.DATA, bytes);
      return;
    }
    MemoryDisk.Mount maker = disk.mount("maker");
    maker.directory(Path.of(LogWorld.DATA).getParent().toString());
    maker.devices().create(LogWorld.DATA, bytes).close();
  }

  /** Whether the process ends before this operation, by the thread that wants it. */
  boolean isAt() {
    return at != null && at.equals(Thread.currentThread()) && left-- == 0;
  }

  /** Whether it is somebody else who does this: it happens at once, and nothing to him. */
  boolean isOutside() {
    return outside;
  }

  /** One process's life with a volume. */
  final class Life {
    private final LoggedVolume volume;
    private final Time time;
    private boolean stopping;

    private Life(LoggedVolume volume, Time time) {
      this.volume = volume;
      this.time = time;
    }

    void begin() {
      if (possible) time.fork("resizes", this::run);
    }

    /** Refusals and failures are no surprise any more. */
    void stopping() {
      stopping = true;
    }

    private void run() {
      at = null;
      try {
        for (int many = random.nextInt(4); many > 0 && !stopping; many--) {
          time.sleep(Duration.ofNanos(random.nextLong(1L << random.nextInt(20, 35)) + 1));
          if (stopping) return;
          left = random.nextInt(OPERATIONS_MAX);
          if (!world.allIsWell() && random.nextInt(4) == 0) at = Thread.currentThread();
          resize();
          at = null;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void resize() throws InterruptedException {
      long now = volume.sizeBytes();
      long wanted =
          Math.min(
              now + (1L + random.nextInt(BLOCKS_MAX)) * BLOCK_BYTES,
              (long) sectorsMax * VolumeHistory.SECTOR_BYTES);
      if (wanted == now) return;
      switch (random.nextInt(8)) {
        case 0 -> lengthen(wanted);
        case 1 -> resize(wanted);
        case 2 -> shrink(now - BLOCK_BYTES);
        case 3, 4 -> {
          administratorLengthens(wanted);
          resize(wanted);
        }
        default -> {
          lengthen(wanted);
          resize(wanted);
        }
      }
    }

    private void lengthen(long bytes) throws InterruptedException {
      world.say("the data device is to have %d bytes".formatted(bytes));
      attempt(() -> volume.lengthenData(bytes), code -> false);
    }

    private void resize(long bytes) throws InterruptedException {
      boolean fits = deviceBytes() >= bytes;
      world.say("the volume is to have %d bytes; there is room: %s".formatted(bytes, fits));
      world.history().sizeAsked(bytes);
      boolean took =
          attempt(() -> volume.resize(bytes), code -> code == RefusalCode.TOO_SMALL && !fits);
      if (!took) return;
      if (!fits) throw new Violation("L9", "a volume of %d bytes on less".formatted(bytes));
      world.history().sizeFound(volume.sizeBytes());
      if (volume.sizeBytes() < bytes)
        throw new Violation("L9", "%d bytes were asked for and not taken".formatted(bytes));
      done++;
    }

    private void shrink(long bytes) throws InterruptedException {
      world.say("the volume is to shrink to %d bytes".formatted(bytes));
      boolean took = attempt(() -> volume.resize(bytes), code -> code == RefusalCode.WOULD_SHRINK);
      if (took) throw new Violation("L9", "it shrank to %d bytes".formatted(bytes));
    }

    /** True where it was done. */
    private boolean attempt(Attempt call, Predicate<RefusalCode> expected)
        throws InterruptedException {
      try {
        call.run();
        return true;
      } catch (RefusedException e) {
        world.say("refused: " + e.getMessage());
        if (!stopping && !expected.test(e.refusal().code()))
          throw new Violation("L9", "a size was refused: " + e);
      } catch (IOException e) {
        world.say("it failed: " + e.getMessage());
        if (!stopping && !world.mayFail())
          throw new Violation("9", "no size, and nothing is wrong: " + e);
      }
      return false;
    }
  }

  private interface Attempt {
    void run() throws RefusedException, IOException, InterruptedException;
  }

  Life life(LoggedVolume volume, Time time) {
    return new Life(volume, time);
  }

  private long deviceBytes() {
    return look(device -> device.sizeBytes());
  }

  /** Durably, with what was there before it was the volume's. */
  private void administratorLengthens(long bytes) {
    look(device -> {
      long end = (device.remeasure() + BLOCK_BYTES - 1) & -BLOCK_BYTES;
      if (bytes <= end) return end;
      world.say("somebody makes the data device %d bytes long".formatted(bytes));
      device.extend(bytes);
      ByteBuffer old = BufferPool.aligned(BLOCK_BYTES);
      while (old.hasRemaining()) old.put((byte) 0xA5);
      for (long at = end; at < bytes; at += BLOCK_BYTES)
        if (random.nextInt(3) == 0) device.write(at, old.rewind());
      device.flush();
      return bytes;
    });
  }

  private interface Look {
    long at(BlockDevice device) throws IOException;
  }

  private long look(Look action) {
    outside = true;
    disk.faultsAct(false);
    try (BlockDevice device = disk.mount("administrator").devices().openWritable(LogWorld.DATA)) {
      return action.at(device);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } finally {
      disk.faultsAct(true);
      outside = false;
    }
  }
}
