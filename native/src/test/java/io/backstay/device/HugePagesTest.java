package io.backstay.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.backstay.seam.BufferPool;
import io.backstay.seam.SharedMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class HugePagesTest {
  private static final int MIB = 1 << 20;
  private static final Path MODE = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  @Test
  void longMemoryIsZeroAndOfLongPieces() throws IOException {
    assumeThat(MODE).exists();
    assumeThat(Files.readString(MODE)).doesNotContain("[never]");

    ByteBuffer memory = HugePages.allocate(8 * MIB);

    assertThat(memory.capacity()).isEqualTo(8 * MIB);
    assertThat(memory.mismatch(ByteBuffer.allocate(8 * MIB))).isEqualTo(-1);
    memory.put(0, (byte) 1).put(8 * MIB - 1, (byte) 1);
    assertThat(address(memory) % (2 * MIB)).isZero();
    assertThat(kibibytes(memory, "AnonHugePages:")).isGreaterThan(2 * 1024);
  }

  @Test
  void anyLengthIsAlignedForDirectIo() {
    for (int bytes : List.of(4096, MIB, 2 * MIB, 3 * MIB + 4096, 8 * MIB)) {
      ByteBuffer memory = HugePages.allocate(bytes);

      assertThat(memory.capacity()).isEqualTo(bytes);
      assertThat(BufferPool.isAligned(memory)).isTrue();
      memory.put(bytes - 1, (byte) 7);
    }
  }

  @Test
  void sharedMemoryIsOfLongPiecesAndTheNextProcessFindsItsBytes() throws IOException {
    assumeThat(MODE).exists();
    LinuxSharedMemories memories = LinuxSharedMemories.ofThisMachine();
    String name = "huge-pages-test-" + ProcessHandle.current().pid();
    try {
      SharedMemory memory = memories.create(name, 8 * MIB);
      memory.put(5 * MIB, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      memory.set(7 * MIB, 42);

      SharedMemory again = memories.open(name).orElseThrow();

      assertThat(again.slice(5 * MIB, 3)).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(again.get(7 * MIB)).isEqualTo(42);
      assertThat(again.slice(0, 5 * MIB).mismatch(ByteBuffer.allocate(5 * MIB))).isEqualTo(-1);
      assertThat(kibibytes(again.slice(0, 8 * MIB), "ShmemPmdMapped:")).isGreaterThan(2 * 1024);
    } finally {
      memories.delete(name);
    }
  }

  @Test
  void whatNobodyRefersToIsUnmapped() throws IOException {
    long address = address(HugePages.allocate(4 * MIB));

    for (int i = 0; i < 1000 && isMapped(address); i++) System.gc();

    assertThat(isMapped(address)).isFalse();
  }

  private static long address(ByteBuffer memory) {
    return MemorySegment.ofBuffer(memory).address();
  }

  private static boolean isMapped(long address) throws IOException {
    String begin = Long.toHexString(address) + "-";
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .anyMatch(line -> line.startsWith(begin));
  }

  /** What the kernel says of the mapping in which that memory lies. */
  private static int kibibytes(ByteBuffer memory, String what) throws IOException {
    long address = address(memory);
    boolean here = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      String[] words = line.split("[ -]+");
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        here = Long.parseLong(words[0], 16) <= address && address < Long.parseLong(words[1], 16);
      } else if (here && words[0].equals(what)) {
        return Integer.parseInt(words[1]);
      }
    }
    return 0;
  }
}
