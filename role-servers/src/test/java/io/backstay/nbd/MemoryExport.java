package io.backstay.nbd;

import java.nio.ByteBuffer;
import java.util.List;

/** A volume in one piece of memory that answers everything at once. */
class MemoryExport implements Export {
  private final String name;
  private final ByteBuffer bytes;
  private volatile long sizeBytes;
  volatile boolean readOnly;

  MemoryExport(String name, int sizeBytes) {
    this.name = name;
    this.bytes = ByteBuffer.allocateDirect(sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  /** As if its memory ended there. */
  void resize(long newSizeBytes) {
    sizeBytes = newSizeBytes;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return "memory of a test";
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public boolean readOnly() {
    return readOnly;
  }

  @Override
  public int blockBytesMin() {
    return 512;
  }

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    into.put(into.position(), bytes, (int) offset, into.remaining());
    return DONE;
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
    int at = (int) offset;
    for (int i = 0; i < data.size(); i++) {
      ByteBuffer piece = data.get(i);
      bytes.put(at, piece, piece.position(), piece.remaining());
      at += piece.remaining();
    }
    return DONE;
  }

  @Override
  public int flush(Answer answer) {
    return DONE;
  }

  @Override
  public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
    return clear(offset, lengthBytes);
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    return clear(offset, lengthBytes);
  }

  private int clear(long offset, long lengthBytes) {
    ByteBuffer range = bytes.slice((int) offset, (int) lengthBytes);
    while (range.remaining() >= Long.BYTES) range.putLong(0);
    return DONE;
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    for (long at = offset; at < offset + lengthBytes; at += 512) {
      boolean zero = isZero((int) at);
      into.add(512, zero, zero);
    }
    return DONE;
  }

  private boolean isZero(int at) {
    for (int i = at; i < at + 512; i += Long.BYTES) if (bytes.getLong(i) != 0) return false;
    return true;
  }
}
