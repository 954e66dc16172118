package io.backstay.sim.flow;

import io.backstay.sim.Violation;
import io.backstay.sim.log.VolumeHistory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each sector of an export may hold: the point's bytes, and over them what clients wrote (rule
 * X8). What was answered outlives the process, what was flushed the power; of the rest each sector
 * has something that was asked for since.
 */
final class Overlay {
  private final String export;
  private final long[] base;
  private final Map<Integer, List<Write>> since = new TreeMap<>();
  private long numbers;

  /** Zeroes, or bytes that name it. */
  static final class Write {
    private final long number;
    private final int from;
    private final int to;
    private final boolean zero;
    private boolean answered;
    private boolean durable;

    private Write(long number, int from, int to, boolean zero) {
      this.number = number;
      this.from = from;
      this.to = to;
      this.zero = zero;
    }

    private long found() {
      return zero ? 0 : number;
    }

    void answered(boolean durably) {
      answered = true;
      durable |= durably;
    }

    @Override
    public String toString() {
      return "%s %x of sectors %d..%d".formatted(zero ? "zeroes" : "write", number, from, to - 1);
    }
  }

  /**
   * @param point by sector, the number of the write that it has
   * @param numbers those of writes to the export lie above
   */
  Overlay(String export, long[] point, long numbers) {
    this.export = export;
    this.base = point;
    this.numbers = numbers;
  }

  int sectors() {
    return base.length;
  }

  /** Of an export that cannot be written to. */
  long[] point() {
    return base;
  }

  Write write(int from, int to, boolean zero) {
    Write write = new Write(++numbers, from, to, zero);
    for (int s = from; s < to; s++) since.computeIfAbsent(s, _ -> new ArrayList<>()).add(write);
    return write;
  }

  static void fill(Write write, ByteBuffer into) {
    for (int s = write.from; s < write.to; s++) VolumeHistory.fill(write.number, s, into);
  }

  /** To be handed to {@link #flushed} when the flush that is asked for now is answered. */
  List<Write> flushing() {
    return since.values().stream()
        .flatMap(List::stream)
        .filter(write -> write.answered && !write.durable)
        .distinct()
        .toList();
  }

  static void flushed(List<Write> flushing) {
    flushing.forEach(write -> write.durable = true);
  }

  /** To be handed to {@link #read} when the read that is asked for now is answered. */
  int[] reading(int from, int to) {
    int[] least = new int[to - from];
    for (int s = from; s < to; s++) least[s - from] = newest(s, false);
    return least;
  }

  /** Index of a sector's newest write that was answered, or is durable; -1 for none. */
  private int newest(int sector, boolean durable) {
    List<Write> writes = since.getOrDefault(sector, List.of());
    int i = writes.size() - 1;
    while (i >= 0 && !(durable ? writes.get(i).durable : writes.get(i).answered)) i--;
    return i;
  }

  void read(int from, int[] reading, ByteBuffer bytes) {
    for (int i = 0; i < reading.length; i++)
      require(from + i, reading[i], VolumeHistory.numberIn(bytes, i, from + i), "a read");
  }

  void zero(int from, int to) {
    for (int s = from; s < to; s++) require(s, newest(s, false), 0, "its extents");
  }

  private void require(int sector, int least, long found, String where) {
    List<Write> writes = since.getOrDefault(sector, List.of());
    boolean may = least < 0 && base[sector] == found;
    for (int i = Math.max(0, least); i < writes.size(); i++) may |= writes.get(i).found() == found;
    if (may) return;
    throw new Violation(
        "1",
        "%s, %s: sector %d has write %x, the point has %x, over it were asked %s, promised up to number %d of these"
            .formatted(export, where, sector, found, base[sector], writes, least + 1));
  }

  /** What the next process has: from now on it is that. */
  void found(ByteBuffer all, boolean afterPowerLoss) {
    for (int s = 0; s < base.length; s++) {
      long found = VolumeHistory.numberIn(all, s, s);
      require(s, newest(s, afterPowerLoss), found, "the next process");
      base[s] = found;
    }
    since.clear();
  }
}
