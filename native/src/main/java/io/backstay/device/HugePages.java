package io.backstay.device;

import io.backstay.seam.BufferPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Memory of which the disk gets long pieces. Direct IO names to the disk each piece of a buffer
 * that lies together in the machine's memory. In pages of 4 KiB a write of 1 MiB has 256 of them,
 * which a virtual disk takes one by one; in pages of 2 MiB it has one. (On the virtual machine of
 * docs/benchmarks.md that is 580 and 1400 MiB/s for the same write.)
 *
 * <p>Most machines give such pages only to who asks, which the JDK does for its heap alone. Where
 * there are none, now or at all, small pages serve as well. The memory is given back when no buffer
 * of it is reachable any more: unmapping it while a thread still reads would kill the process. It
 * is no direct memory to the JVM's limit of that.
 */
@SuppressWarnings("restricted") // mapping memory is what it is for
public final class HugePages {
  private static final long PAGE_BYTES = 2L << 20;

  private interface Mapping {
    /** Maps so many bytes there, over what is mapped; negative errno where it cannot be. */
    long at(long address) throws IOException;
  }

  private HugePages() {}

  /** Zeroed memory aligned for direct IO, of long pieces if it is long. */
  public static ByteBuffer allocate(int bytes) {
    if (bytes < PAGE_BYTES) return BufferPool.aligned(bytes);
    try {
      ByteBuffer memory =
          aligned(bytes, address -> Linux.mmap(address, bytes, Linux.MAP_ANONYMOUS_FIXED, -1));
      // Before it is touched: each 2 MiB are one page from the first touch on.
      Linux.madvise(memory, Linux.MADV_HUGEPAGE);
      return memory;
    } catch (IOException e) {
      return BufferPool.aligned(bytes);
    }
  }

  /** The first bytes of a file in memory; what is written to them is in the file. */
  static ByteBuffer map(LinuxFile file, int bytes) throws IOException {
    ByteBuffer memory = aligned(bytes, address -> file.map(address, bytes));
    // Whatever the file system of memory does by itself: its pages are small by default.
    if (bytes >= PAGE_BYTES) Linux.madvise(memory, Linux.MADV_COLLAPSE);
    return memory;
  }

  /** Takes addresses for a page more than is needed and gives the two ends back. */
  private static ByteBuffer aligned(int bytes, Mapping mapping) throws IOException {
    long taken = bytes + PAGE_BYTES;
    long first = checked(bytes, Linux.mmap(0, taken, Linux.MAP_NOTHING, -1));
    long start = first + PAGE_BYTES - 1 & -PAGE_BYTES;
    try {
      checked(bytes, mapping.at(start));
    } catch (IOException e) {
      Linux.munmap(first, taken);
      throw e;
    }
    long end = start + bytes;
    if (start > first) Linux.munmap(first, start - first);
    if (first + taken > end) Linux.munmap(end, first + taken - end);
    return MemorySegment.ofAddress(start)
        .reinterpret(bytes, Arena.ofAuto(), gone -> Linux.munmap(start, bytes))
        .asByteBuffer();
  }

  private static long checked(int bytes, long result) throws IOException {
    if (result >= 0) return result;
    throw new IOException(
        "cannot map %d bytes of memory: %s".formatted(bytes, Linux.errorText((int) -result)));
  }
}
