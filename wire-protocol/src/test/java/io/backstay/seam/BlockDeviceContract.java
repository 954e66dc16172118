package io.backstay.seam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link BlockDevice} does. */
public abstract class BlockDeviceContract {
  private static final int MIB = 1 << 20;

  /** A size that no alignment divides. */
  private static final int ODD_BYTES = 3 * MIB + 1234;

  /** A new device of zeroes, the only one of the test. */
  protected abstract BlockDevice create(long sizeBytes) throws IOException;

  /** The same device once more, opened for writing, after the first was closed. */
  protected abstract BlockDevice reopen() throws IOException;

  /** Makes the device larger, as whoever has it does, while it is open here. */
  protected abstract void grow(long sizeBytes) throws IOException;

  /** Block devices have whole sectors, and a size that is not ours to change. */
  protected boolean anySize() {
    return true;
  }

  @Test
  void aNewDeviceIsZeroAndHasItsSize() throws IOException {
    try (BlockDevice device = create(size(ODD_BYTES))) {
      assertThat(device.sizeBytes()).isEqualTo(size(ODD_BYTES));
      assertAllZero(contentOf(device));
    }
  }

  @Test
  void theAlignmentIsAPowerOfTwoUpToFourKib() throws IOException {
    try (BlockDevice device = create(MIB)) {
      assertThat(device.alignmentBytes()).isBetween(1, 4096);
      assertThat(Integer.bitCount(device.alignmentBytes())).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void anySequenceOfWritesAndZeroesIsReadBackAlsoAfterReopening(long seed) throws IOException {
    Random random = new Random(seed);
    byte[] expected = new byte[size(ODD_BYTES)];
    try (BlockDevice device = create(expected.length)) {
      for (int step = 0; step < 60; step++) {
        change(device, expected, random);
        Range range = Range.random(device, random);
        assertThat(read(device, range))
            .as("seed %d step %d range %s", seed, step, range)
            .isEqualTo(range.of(expected));
        device.beginWriting(range.offset(), range.lengthBytes());
      }
      device.flush();
    }
    try (BlockDevice device = reopen()) {
      assertThat(contentOf(device)).as("seed %d", seed).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatNextDataSkipsIsZero(long seed) throws IOException {
    Random random = new Random(seed);
    byte[] expected = new byte[size(ODD_BYTES)];
    try (BlockDevice device = create(expected.length)) {
      for (int step = 0; step < 6; step++) change(device, expected, random);
      for (long offset = 0; offset < expected.length; offset += 64 * 1024) {
        long next = device.nextData(offset);
        assertThat(next).as("seed %d", seed).isBetween(offset, (long) expected.length);
        assertThat(next % device.alignmentBytes() == 0 || next == expected.length).isTrue();
        assertAllZero(Arrays.copyOfRange(expected, (int) offset, (int) next));
      }
      assertThat(device.nextData(0)).isLessThan(expected.length);
    }
  }

  @Test
  void aWriteTakesTheBuffersPositionAndLimitAndMovesThePosition() throws IOException {
    try (BlockDevice device = create(MIB)) {
      ByteBuffer buffer = BufferPool.aligned(3 * 4096);
      for (int i = 0; i < buffer.capacity(); i++) buffer.put(i, (byte) (i / 4096 + 1));
      buffer.position(4096).limit(8192);
      device.write(8192, buffer);
      assertThat(buffer.position()).isEqualTo(8192);

      ByteBuffer back = BufferPool.aligned(3 * 4096);
      back.position(4096);
      device.read(4096, back);
      assertThat(back.position()).isEqualTo(back.limit());
      assertThat(back.get(0)).isZero();
      assertThat(back.get(4096)).isZero();
      assertThat(back.get(8192)).isEqualTo((byte) 2);
    }
  }

  @Test
  void aRangeThatIsNotTheDevicesIsABugOfTheCaller() throws IOException {
    try (BlockDevice device = create(MIB)) {
      ByteBuffer block = BufferPool.aligned(4096);
      assertThatThrownBy(() -> device.read(MIB, block))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.read(-4096, block))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.write(MIB - 4096, BufferPool.aligned(8192)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.zero(4096, Long.MAX_VALUE))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.nextData(MIB + 4096))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(device.nextData(MIB)).isEqualTo(MIB);
    }
  }

  @Test
  void whereAlignmentMattersCrookedRangesAndBuffersAreRefused() throws IOException {
    try (BlockDevice device = create(MIB)) {
      if (device.alignmentBytes() == 1) {
        device.write(1, ByteBuffer.wrap(new byte[] {7, 7}));
        assertThat(read(device, new Range(0, 4))).containsExactly(0, 7, 7, 0);
        return;
      }
      assertThatThrownBy(() -> device.read(1, BufferPool.aligned(4096)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.write(0, BufferPool.aligned(1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.zero(0, 1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.read(0, ByteBuffer.allocate(4096)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> device.read(0, BufferPool.aligned(8192).position(1).limit(4097)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void nothingHappensWithAnEmptyRange() throws IOException {
    try (BlockDevice device = create(MIB)) {
      device.read(0, BufferPool.aligned(4096).limit(0));
      device.write(MIB, BufferPool.aligned(4096).limit(0));
      device.zero(4096, 0);
      assertAllZero(contentOf(device));
    }
  }

  @Test
  void zeroMakesOldBytesUnreadable() throws IOException {
    try (BlockDevice device = create(4 * MIB)) {
      byte[] content = new byte[4 * MIB];
      new Random(5).nextBytes(content);
      write(device, 0, content);
      device.flush();
      device.zero(4096, 3 * MIB);
      device.flush();
      assertAllZero(read(device, new Range(4096, 3 * MIB))); // rule L7
      assertThat(read(device, new Range(0, 4096))).isEqualTo(new Range(0, 4096).of(content));
    }
  }

  @Test
  void manyThreadsUseItAtOnce() throws Exception {
    int threads = 8;
    try (BlockDevice device = create((long) threads * MIB)) {
      List<Thread> running = new ArrayList<>();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      for (int i = 0; i < threads; i++) {
        int number = i;
        running.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    fillOneMebibyte(device, number);
                  } catch (Throwable e) {
                    failure.set(e);
                  }
                }));
      }
      for (Thread thread : running) thread.join();
      assertThat(failure.get()).isNull();
      byte[] content = contentOf(device);
      for (int i = 0; i < content.length; i += 512) {
        assertThat(content[i]).isEqualTo((byte) (i / MIB + 1));
      }
    }
  }

  @Test
  void anInterruptDisturbsNoOperationAndIsKept() throws Exception {
    try (BlockDevice device = create(MIB)) {
      Thread.currentThread().interrupt();
      write(device, 0, filled(4096, 9));
      device.zero(4096, 4096);
      device.nextData(0);
      device.flush();
      byte[] back = read(device, new Range(0, 4096));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(back).containsOnly(9);
      device.flush();
      assertThat(read(device, new Range(0, 4096))).containsOnly(9);
    }
  }

  @Test
  void interruptsFromOutsideHurtNoOtherThread() throws Exception {
    try (BlockDevice device = create(4 * MIB)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread victim =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int i = 0; i < 300; i++) read(device, new Range(0, MIB));
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      for (int i = 0; i < 300; i++) {
        victim.interrupt();
        write(device, 2 * MIB, filled(65536, i));
        device.flush();
      }
      victim.join();
      assertThat(failure.get()).isNull();
      assertThat(read(device, new Range(2 * MIB, 65536))).containsOnly((byte) 299);
    }
  }

  @Test
  void aDeviceThatGrewIsLargerWhenItIsMeasuredAgain() throws IOException {
    try (BlockDevice device = create(MIB)) {
      write(device, 0, filled(MIB, 1));
      grow(2 * MIB);
      assertThat(device.sizeBytes()).isEqualTo(MIB);
      assertThat(device.remeasure()).isEqualTo(2 * MIB);
      assertThat(device.sizeBytes()).isEqualTo(2 * MIB);
      assertAllZero(read(device, new Range(MIB, MIB)));
      write(device, MIB - 4096, filled(8192, 2));
      device.flush();
    }
    try (BlockDevice device = reopen()) {
      assertThat(read(device, new Range(MIB - 8192, 16384)))
          .startsWith(filled(4096, 1))
          .endsWith(filled(4096, 0))
          .contains(filled(8192, 2));
    }
  }

  @Test
  void aFileIsMadeLongerWhileItIsOpenAndABlockDeviceIsNot() throws IOException {
    try (BlockDevice device = create(size(ODD_BYTES))) {
      long before = device.sizeBytes();
      if (!anySize()) {
        assertThatThrownBy(() -> device.extend(2 * before)).isInstanceOf(IOException.class);
        assertThat(device.remeasure()).isEqualTo(before);
        return;
      }
      write(device, 0, filled((int) before, 1));
      device.extend(4 * MIB);
      device.extend(4 * MIB);
      assertThat(device.sizeBytes()).isEqualTo(4 * MIB);
      assertAllZero(Arrays.copyOfRange(contentOf(device), (int) before, 4 * MIB));
      write(device, 3 * MIB, filled(MIB, 3));
      assertThatThrownBy(() -> device.extend(MIB)).isInstanceOf(IllegalArgumentException.class);
      device.flush();
    }
    try (BlockDevice device = reopen()) {
      assertThat(read(device, new Range(3 * MIB, MIB))).containsOnly(3);
    }
  }

  @Test
  void aClosedDeviceSaysSo() throws IOException {
    BlockDevice device = create(MIB);
    device.close();
    device.close();
    assertThatThrownBy(() -> device.read(0, BufferPool.aligned(4096)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(device::flush)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("closed");
  }

  // ---- for the suites

  /** A range of a device, aligned or reaching to its end. */
  record Range(long offset, int lengthBytes) {
    static Range random(BlockDevice device, Random random) {
      int alignment = device.alignmentBytes();
      long blocks = device.sizeBytes() / alignment;
      long from = random.nextLong(blocks) * alignment;
      long length = 1 + random.nextLong(Math.min(blocks, 300_000 / alignment));
      return new Range(from, (int) Math.min(device.sizeBytes() - from, length * alignment));
    }

    byte[] of(byte[] content) {
      return Arrays.copyOfRange(content, (int) offset, (int) offset + lengthBytes);
    }
  }

  static byte[] read(BlockDevice device, Range range) throws IOException {
    ByteBuffer buffer = BufferPool.aligned(range.lengthBytes());
    device.read(range.offset(), buffer);
    byte[] bytes = new byte[range.lengthBytes()];
    buffer.flip().get(bytes);
    return bytes;
  }

  static byte[] contentOf(BlockDevice device) throws IOException {
    return read(device, new Range(0, (int) device.sizeBytes()));
  }

  static void write(BlockDevice device, long offset, byte[] content) throws IOException {
    ByteBuffer buffer = BufferPool.aligned(content.length);
    device.write(offset, buffer.put(content).flip());
  }

  static void assertAllZero(byte[] content) {
    assertThat(Arrays.mismatch(content, new byte[content.length]))
        .as("first byte other than zero")
        .isNegative();
  }

  static byte[] filled(int bytes, int value) {
    byte[] content = new byte[bytes];
    Arrays.fill(content, (byte) value);
    return content;
  }

  private int size(int bytes) {
    return anySize() ? bytes : bytes / 4096 * 4096;
  }

  private static void change(BlockDevice device, byte[] expected, Random random)
      throws IOException {
    Range range = Range.random(device, random);
    byte[] content = new byte[range.lengthBytes()];
    if (random.nextInt(3) == 0) {
      device.zero(range.offset(), range.lengthBytes());
    } else {
      random.nextBytes(content);
      write(device, range.offset(), content);
    }
    System.arraycopy(content, 0, expected, (int) range.offset(), content.length);
  }

  private static void fillOneMebibyte(BlockDevice device, int number) throws IOException {
    for (int offset = 0; offset < MIB; offset += 65536) {
      write(device, (long) number * MIB + offset, filled(65536, number + 1));
    }
  }
}
