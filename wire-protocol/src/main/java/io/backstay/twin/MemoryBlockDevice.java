package io.backstay.twin;

import io.backstay.seam.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** A file or block device of a {@link MemoryDisk} as a device. */
final class MemoryBlockDevice implements BlockDevice {
  private final MemoryOpenFile file;
  private final AtomicLong sizeBytes;
  private final boolean writable;

  private MemoryBlockDevice(MemoryOpenFile file, long sizeBytes, boolean writable) {
    this.file = file;
    this.sizeBytes = new AtomicLong(sizeBytes);
    this.writable = writable;
  }

  static MemoryBlockDevice readOnly(MemoryOpenFile file, long sizeBytes) {
    return new MemoryBlockDevice(file, sizeBytes, false);
  }

  static MemoryBlockDevice writable(MemoryOpenFile file, long sizeBytes) {
    return new MemoryBlockDevice(file, sizeBytes, true);
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
    file.extend(newSizeBytes);
    remeasure();
  }

  @Override
  public int alignmentBytes() {
    return file.alignmentBytes();
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    requireRange(offset, into);
    long end = offset + into.remaining();
    if (end > file.sizeBytes()) {
      throw new IOException(
          "cannot read %d bytes at %d of %s: it ends at %d, but had %d bytes when it was opened"
              .formatted(into.remaining(), offset, file.path(), file.sizeBytes(), sizeBytes()));
    }
    file.read(offset, into);
  }

  @Override
  public void write(long offset, ByteBuffer from) throws IOException {
    requireWritable();
    requireRange(offset, from);
    file.write(offset, from);
  }

  @Override
  public void zero(long offset, long lengthBytes) throws IOException {
    requireWritable();
    requireRange(offset, lengthBytes);
    file.zero(offset, lengthBytes);
  }

  @Override
  public long nextData(long offset) throws IOException {
    requireRange(offset, 0);
    long end = sizeBytes();
    long next = file.nextData(offset);
    return next >= end ? end : next & -alignmentBytes();
  }

  @Override
  public void beginWriting(long offset, long lengthBytes) throws IOException {
    requireRange(offset, lengthBytes);
    file.beginWriting(offset, lengthBytes);
  }

  @Override
  public void flush() throws IOException {
    file.flush();
  }

  @Override
  public void close() {
    file.close();
  }

  @Override
  public String toString() {
    return file.path();
  }

  private void requireWritable() {
    if (!writable) throw new IllegalStateException(file.path() + " was opened for reading only");
  }
}
