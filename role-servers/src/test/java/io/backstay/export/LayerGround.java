package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * A layer of writes over a point, and what it may hold: each sector of a few windows has a value
 * that was written last, and after a loss of power one of those since the last flush.
 */
final class LayerGround {
  static final String PATH = "/state/x";

  /** Three pages of the map, and an end within a block. */
  static final long SIZE_BYTES = 300L * (1 << 20) + 3 * 512;

  /** Where the second page of the map begins. */
  static final long SECOND_PAGE = (long) ChangeMap.BLOCKS_PER_PAGE * ChangeMap.BLOCK_BYTES;

  private static final int SECTOR = 512;
  private static final int WINDOW_SECTORS = 160;

  /** Where clients write: each is so many sectors long. */
  private static final long[] WINDOWS = {
    0, SECOND_PAGE - WINDOW_SECTORS / 2 * SECTOR, SIZE_BYTES - WINDOW_SECTORS * SECTOR
  };

  private static final int ZERO = 0;

  /** After a loss of power, until somebody has looked. */
  private static final int UNKNOWN = -1;

  private final MemoryDisk disk;

  /** What each sector is now; what it was and may be again; what is being written to it. */
  private final int[] now = new int[WINDOWS.length * WINDOW_SECTORS];

  private final List<Set<Integer>> possible = new ArrayList<>();
  private final Set<Integer> inFlight = new HashSet<>();
  private int inFlightValue;
  private int values = 1_000_000;
  private WriteLayer layer;

  LayerGround(MemoryDisk disk) {
    this.disk = disk;
    begin();
  }

  private void begin() {
    possible.clear();
    inFlight.clear();
    for (int i = 0; i < now.length; i++) {
      now[i] = valueOfPoint(offset(i));
      possible.add(new HashSet<>(Set.of(now[i])));
    }
  }

  MemoryDisk disk() {
    return disk;
  }

  /** The point's own bytes, which are nowhere. */
  private static final class Under implements WriteLayer.Below {
    @Override
    public long sizeBytes() {
      return SIZE_BYTES;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
      for (long at = offset; into.hasRemaining(); at += SECTOR) into.put(sector(valueOfPoint(at)));
    }
  }

  private static int valueOfPoint(long offset) {
    return (int) (offset / SECTOR) + 1;
  }

  private static byte[] sector(int value) {
    byte[] sector = new byte[SECTOR];
    if (value != ZERO) new Random(value).nextBytes(sector);
    return sector;
  }

  private static long offset(int index) {
    return WINDOWS[index / WINDOW_SECTORS] + (long) (index % WINDOW_SECTORS) * SECTOR;
  }

  private static int index(long offset) {
    for (int i = 0; i < WINDOWS.length; i++) {
      long sectors = (offset - WINDOWS[i]) / SECTOR;
      if (offset >= WINDOWS[i] && sectors < WINDOW_SECTORS)
        return i * WINDOW_SECTORS + (int) sectors;
    }
    throw new IllegalArgumentException("outside of all windows: " + offset);
  }

  // ---- lives

  void create() throws IOException {
    Directory state = disk.directory("/state");
    state.delete("x");
    WriteLayer.create(state.child("x"), SIZE_BYTES);
    state.sync();
    begin();
  }

  void open() throws IOException {
    layer =
        WriteLayer.open(
            disk.directory(PATH), disk.devices(), disk.sharedMemories().bootId(), new Under());
  }

  void processDeath() {
    disk.processDeath();
  }

  void powerLoss(RandomGenerator random) {
    disk.powerLoss(random);
    for (int i = 0; i < now.length; i++) now[i] = UNKNOWN;
  }

  // ---- changes

  void write(long offset, int length) throws IOException {
    int value = values;
    begin(offset, length, value);
    ByteBuffer bytes = ByteBuffer.allocateDirect(length);
    for (int at = 0; at < length; at += SECTOR) bytes.put(sector(value));
    bytes.flip();
    int half = length / 2 / SECTOR * SECTOR;
    layer.write(offset, List.of(bytes.slice(0, half), bytes.slice(half, length - half)));
    done();
    values++;
  }

  void trim(long offset, int length) throws IOException {
    begin(offset, length, ZERO);
    layer.trim(offset, length);
    done();
  }

  void writeZeroes(long offset, int length) throws IOException {
    begin(offset, length, ZERO);
    layer.writeZeroes(offset, length);
    done();
  }

  void flush() throws IOException {
    layer.flush();
    for (int i = 0; i < now.length; i++) possible.set(i, new HashSet<>(Set.of(now[i])));
  }

  private void begin(long offset, int length, int value) {
    inFlightValue = value;
    for (long at = offset; at < offset + length; at += SECTOR) {
      inFlight.add(index(at));
      possible.get(index(at)).add(value);
    }
  }

  private void done() {
    for (int i : inFlight) now[i] = inFlightValue;
    inFlight.clear();
  }

  void change(RandomGenerator random) throws IOException {
    int window = random.nextInt(WINDOWS.length) * WINDOW_SECTORS;
    int from = random.nextInt(WINDOW_SECTORS);
    int most = Math.min(WINDOW_SECTORS - from, random.nextInt(6) == 0 ? WINDOW_SECTORS : 20);
    int length = (1 + random.nextInt(most)) * SECTOR;
    long offset = offset(window + from);
    switch (random.nextInt(8)) {
      case 0 -> trim(offset, length);
      case 1 -> writeZeroes(offset, length);
      case 2 -> flush();
      default -> write(offset, length);
    }
  }

  // ---- what is there

  boolean changed(long block) {
    return layer.map().isChanged(block);
  }

  /** Finds out what each sector is; from then on it is that. */
  void check() throws IOException {
    for (int i = 0; i < now.length; i++) {
      byte[] found = read(offset(i));
      int value = UNKNOWN;
      for (int candidate : candidates(i))
        if (Arrays.equals(found, sector(candidate))) value = candidate;
      assertThat(value)
          .as("sector at %d, of %s, is none of %s", offset(i), layer.map(), candidates(i))
          .isNotEqualTo(UNKNOWN);
      boolean powerWasLost = now[i] == UNKNOWN;
      now[i] = value;
      if (powerWasLost) possible.set(i, new HashSet<>(Set.of(value)));
    }
    inFlight.clear();
  }

  private Set<Integer> candidates(int index) {
    if (now[index] == UNKNOWN) return possible.get(index);
    Set<Integer> candidates = new HashSet<>(Set.of(now[index]));
    if (inFlight.contains(index)) candidates.add(inFlightValue);
    return candidates;
  }

  private byte[] read(long offset) throws IOException {
    ByteBuffer into = ByteBuffer.allocateDirect(SECTOR);
    if (changed(offset / ChangeMap.BLOCK_BYTES)) layer.read(offset, into);
    else new Under().read(offset, into);
    byte[] sector = new byte[SECTOR];
    into.get(0, sector);
    return sector;
  }
}
