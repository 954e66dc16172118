package io.backstay.device;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices.Caching;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file or block device, read and written past the page cache where that is possible.
 *
 * <p><b>Two ways to the same bytes.</b> Whole aligned blocks go through a {@link SteadyChannel}
 * with O_DIRECT: the JDK's channel is as fast as a system call of our own, and it lets virtual
 * threads block in it without starving the others. A tail shorter than a block, which direct IO
 * cannot touch, goes through the page cache by the {@link LinuxFile}. They never touch the same
 * page, but for the last one of a device that grows; the kernel keeps that one. All the rest
 * (flush, holes, size) is the LinuxFile's too.
 *
 * <p><b>Alignment.</b> What the JDK asks for, the fragment size of the file system, but at least
 * the sectors of a block device: 4096 nearly everywhere. Where direct IO is not to be had, or needs
 * more than 4096, all bytes go through the page cache with alignment 1.
 *
 * <p><b>Flush</b> is fdatasync, which covers the bytes of both ways, sizes and allocations, and the
 * disk's own cache. Its failure is reported once and never retried here (rule L3).
 */
final class DirectDevice implements BlockDevice {
  private static final int ALIGNMENT_BYTES_MAX = BufferPool.ALIGNMENT_BYTES;

  /** Zeroes are written in pieces of this size where nothing better is possible. */
  private static final int ZERO_BYTES = 1 << 20;

  /**
   * A write through the page cache makes folios as large as itself, and ext4 walks over all blocks
   * of a folio at each later write to one of them: after writes of 1 MiB those of 4 KiB cost four
   * times as much as after writes of this size.
   */
  private static final int CACHED_WRITE_BYTES_MAX = 32 << 10;

  enum Access {
    READ_ONLY,
    WRITABLE
  }

  private final LinuxFile file;
  private final Access access;
  private final AtomicLong sizeBytes;
  private final int alignmentBytes;
  private final SteadyChannel channel;

  private DirectDevice(
      LinuxFile file, Access access, long sizeBytes, int alignmentBytes, SteadyChannel channel) {
    this.file = file;
    this.access = access;
    this.sizeBytes = new AtomicLong(sizeBytes);
    this.alignmentBytes = alignmentBytes;
    this.channel = channel;
  }

  /** Takes the file over: it is closed with the device, and also if this fails. */
  static DirectDevice over(LinuxFile file, FileKind kind, Access access) throws IOException {
    return over(file, kind, access, Caching.DIRECT);
  }

  static DirectDevice over(LinuxFile file, FileKind kind, Access access, Caching caching)
      throws IOException {
    try {
      long sizeBytes = file.sizeBytes();
      int alignment = caching == Caching.CACHED ? 1 : alignment(file, kind);
      if (alignment > 1) {
        try {
          SteadyChannel direct = channel(file, access, directOption());
          return new DirectDevice(file, access, sizeBytes, alignment, direct);
        } catch (FileSystemException | UnsupportedOperationException e) {
          // No direct IO on this file system. If it was something else, what follows fails as well.
        }
      }
      return new DirectDevice(file, access, sizeBytes, 1, channel(file, access));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public long sizeBytes() {
    return sizeBytes.get();
  }

  @Override
  public long remeasure() throws IOException {
    return sizeBytes.accumulateAndGet(file.sizeBytes(), Math::max);
  }

  @Override
  public void extend(long newSizeBytes) throws IOException {
    requireWritable();
    requireLonger(remeasure(), newSizeBytes);
    file.resize(newSizeBytes);
    remeasure();
  }

  /** Behind it is less than a block. */
  private long directEnd() {
    return sizeBytes() & -alignmentBytes;
  }

  @Override
  public int alignmentBytes() {
    return alignmentBytes;
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    requireRange(offset, into);
    long end = offset + into.remaining();
    while (into.hasRemaining()) {
      long at = end - into.remaining();
      int got = at < directEnd() ? readBlocks(at, into) : file.read(at, into);
      if (got <= 0) {
        throw new IOException(
            "cannot read %d bytes at %d of %s: it ends at %d, but had %d bytes when it was opened"
                .formatted(into.remaining(), at, file.path(), file.sizeBytes(), sizeBytes()));
      }
    }
  }

  @Override
  public boolean readNow(long offset, ByteBuffer into) throws IOException {
    requireRange(offset, into);
    return alignmentBytes == 1 && file.readNow(offset, into);
  }

  @Override
  public void write(long offset, ByteBuffer from) throws IOException {
    requireWritable();
    requireRange(offset, from);
    long end = offset + from.remaining();
    while (from.hasRemaining()) {
      long at = end - from.remaining();
      if (at < directEnd()) writeBlocks(at, from);
      else file.write(at, from);
    }
    // The disk is as fast with these now as later. Gathered, a flush would bring gigabytes at once.
    if (end - offset > CACHED_WRITE_BYTES_MAX) beginWriting(offset, end - offset);
  }

  @Override
  public void beginWriting(long offset, long lengthBytes) throws IOException {
    requireRange(offset, lengthBytes);
    if (alignmentBytes == 1) file.beginWriting(offset, lengthBytes);
  }

  @Override
  public void zero(long offset, long lengthBytes) throws IOException {
    requireWritable();
    requireRange(offset, lengthBytes);
    if (lengthBytes > 0 && !file.zero(offset, lengthBytes)) writeZeroes(offset, lengthBytes);
  }

  @Override
  public long nextData(long offset) throws IOException {
    requireRange(offset, 0);
    long end = sizeBytes();
    long next = file.nextData(offset, end);
    return next >= end ? end : next & -alignmentBytes;
  }

  @Override
  public void flush() throws IOException {
    file.flush();
  }

  @Override
  public void close() throws IOException {
    try (file) {
      channel.close();
    }
  }

  @Override
  public String toString() {
    return file.path();
  }

  /** Reads whole blocks; how many bytes. */
  private int readBlocks(long offset, ByteBuffer into) throws IOException {
    ByteBuffer blocks = blocks(offset, into);
    int got;
    try {
      got = channel.read(blocks, offset);
    } catch (IOException e) {
      throw withFirstBadBlock(offset, blocks, e);
    }
    // Less than a block was left of a file that became shorter: read again at its block's begin.
    int whole = got & -alignmentBytes;
    into.position(into.position() + Math.max(0, whole));
    return got < 0 ? got : whole;
  }

  private void writeBlocks(long offset, ByteBuffer from) throws IOException {
    ByteBuffer blocks = blocks(offset, from);
    if (alignmentBytes == 1) blocks.limit(Math.min(CACHED_WRITE_BYTES_MAX, blocks.limit()));
    int whole = channel.write(blocks, offset) & -alignmentBytes;
    if (whole == 0 && blocks.remaining() > 0) {
      throw new IOException(
          "cannot write %d bytes at %d of %s: less than a block of %d was taken"
              .formatted(blocks.remaining(), offset, file.path(), alignmentBytes));
    }
    from.position(from.position() + whole);
  }

  /** The part of the buffer that direct IO can reach. */
  private ByteBuffer blocks(long offset, ByteBuffer buffer) {
    int length = (int) Math.min(buffer.remaining(), directEnd() - offset);
    return buffer.slice(buffer.position(), length);
  }

  /** A read of a MiB fails as a whole; people need to know where the disk is bad. */
  private IOException withFirstBadBlock(long offset, ByteBuffer blocks, IOException failure) {
    int step = ALIGNMENT_BYTES_MAX;
    for (int at = 0; blocks.remaining() > step && at < blocks.limit(); at += step) {
      int length = Math.min(step, blocks.limit() - at);
      try {
        channel.read(blocks.slice(at, length), offset + at);
      } catch (IOException e) {
        e.addSuppressed(failure);
        return e;
      }
    }
    return failure;
  }

  private void writeZeroes(long offset, long lengthBytes) throws IOException {
    ByteBuffer zeroes = BufferPool.aligned((int) Math.min(ZERO_BYTES, lengthBytes));
    long end = offset + lengthBytes;
    for (long at = offset; at < end; at += ZERO_BYTES) {
      write(at, zeroes.clear().limit((int) Math.min(zeroes.capacity(), end - at)));
    }
  }

  private void requireWritable() {
    if (access == Access.READ_ONLY)
      throw new IllegalStateException(file.path() + " was opened for reading only");
  }

  /** What direct IO needs there; 1 where it needs more than we have. */
  private static int alignment(LinuxFile file, FileKind kind) throws IOException {
    long fragment = file.fragmentBytes();
    long needed = kind == FileKind.BLOCK_DEVICE ? Math.max(fragment, file.sectorBytes()) : fragment;
    return Long.bitCount(needed) == 1 && needed <= ALIGNMENT_BYTES_MAX ? (int) needed : 1;
  }

  /**
   * The JDK's only option for direct IO, in an exported package of jdk.unsupported. Named as text,
   * because javac warns of every mention and nothing silences it.
   */
  private static OpenOption directOption() {
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option.toString().equals("DIRECT")) return (OpenOption) option;
      }
    } catch (ClassNotFoundException e) {
      throw new UnsupportedOperationException("this JDK has no module jdk.unsupported", e);
    }
    throw new UnsupportedOperationException("this JDK has no ExtendedOpenOption.DIRECT");
  }

  private static SteadyChannel channel(LinuxFile file, Access access, OpenOption... more)
      throws IOException {
    List<OpenOption> options = new ArrayList<>(List.of(more));
    options.add(StandardOpenOption.READ);
    if (access == Access.WRITABLE) options.add(StandardOpenOption.WRITE);
    Path path = Path.of(file.pathOfDescriptor());
    return new SteadyChannel(
        file.path(), () -> FileChannel.open(path, options.toArray(OpenOption[]::new)));
  }
}
