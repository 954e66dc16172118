package io.backstay.sim.log;

import io.backstay.twin.MemoryDisk;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Devices and disks that fail for a while: reads, writes, flushes, no space. */
final class Mishaps {
  private static final String CUTS_ANEW = LogWorld.CUTS + ".tmp";
  private static final long LASTS_NANOS_MAX = 120_000_000_000L;

  private final MemoryDisk disk;
  private final RandomGenerator random;
  private final Consumer<String> say;
  private double perRequest;
  private boolean acting;
  private boolean felt;
  private boolean over;
  private int flushes;
  private int devices;
  private int fullDisks;

  Mishaps(MemoryDisk disk, RandomGenerator random, Consumer<String> say) {
    this.disk = disk;
    this.random = random;
    this.say = say;
    this.perRequest = random.nextInt(3) * random.nextInt(3) * 0.01;
  }

  int flushes() {
    return flushes;
  }

  int devices() {
    return devices;
  }

  int fullDisks() {
    return fullDisks;
  }

  /** Whether something went wrong in this life that may make requests fail. */
  boolean mayFail() {
    return felt;
  }

  /** Maybe one more; it lasts for so many nanoseconds at most, 0 where nothing happened. */
  long maybe() {
    if (random.nextDouble() >= perRequest) return 0;
    switch (random.nextInt(8)) {
      case 0, 1 -> flush(LogWorld.LOG);
      case 2 -> flush(LogWorld.DATA);
      case 3 -> flush(random.nextBoolean() ? LogWorld.CUTS : CUTS_ANEW);
      case 4 -> writes(LogWorld.CUTS, 0, Long.MAX_VALUE);
      case 5 -> {
        fullDisks++;
        say.accept("the disk is full");
        disk.capacity(0);
      }
      case 6 -> device(true);
      default -> device(false);
    }
    acting = true;
    felt = true;
    return random.nextLong(LASTS_NANOS_MAX) + 1;
  }

  private void flush(String path) {
    flushes++;
    say.accept("the next flush of " + path + " will fail");
    disk.failNextFlush(path);
  }

  private void writes(String path, long from, long to) {
    devices++;
    say.accept("writes of %s from %d to %d fail".formatted(path, from, to));
    disk.failWrites(path, from, to);
  }

  private void device(boolean writes) {
    String path = random.nextBoolean() ? LogWorld.LOG : LogWorld.DATA;
    long from = random.nextBoolean() ? 0 : random.nextInt(1 << 20) & -4096;
    long to = from + (4096L << random.nextInt(12));
    if (writes) {
      writes(path, from, to);
      return;
    }
    devices++;
    say.accept("reads of %s from %d to %d fail".formatted(path, from, to));
    disk.failReads(path, from, to);
  }

  /** Everything works again; who felt it may still suffer. */
  void end() {
    if (!acting) return;
    acting = false;
    say.accept("all devices work again");
    disk.healFaults();
    disk.capacity(Long.MAX_VALUE);
  }

  /** A process begins, sometimes while devices still fail. */
  void nextLife() {
    if (acting && random.nextInt(3) == 0) return;
    end();
    felt = false;
  }

  /** Whether all is well now and for ever. */
  boolean isOver() {
    return over;
  }

  /** From now on all is well. */
  void over() {
    perRequest = 0;
    over = true;
    end();
    felt = false;
  }
}
