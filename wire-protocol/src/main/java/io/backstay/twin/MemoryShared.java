package io.backstay.twin;

import io.backstay.seam.BufferPool;
import io.backstay.seam.SharedMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A shared memory of a {@link MemoryDisk}'s machine; each step of a write may be the last one. */
final class MemoryShared implements SharedMemory {
  /** What outlives the process. */
  static final class Pages {
    private final ByteBuffer bytes;

    Pages(int sizeBytes) {
      bytes = BufferPool.aligned(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private final MemoryDisk disk;
  private final MemoryDisk.Mount mount;
  private final String name;
  private final ByteBuffer bytes;

  MemoryShared(MemoryDisk disk, MemoryDisk.Mount mount, String name, Pages pages) {
    this.disk = disk;
    this.mount = mount;
    this.name = name;
    this.bytes = pages.bytes;
  }

  @Override
  public int sizeBytes() {
    return bytes.capacity();
  }

  @Override
  public void put(int at, ByteBuffer from) {
    int half = from.remaining() / 2;
    step("put", at, () -> bytes.put(at, from, from.position(), half));
    int rest = from.remaining() - half;
    step("put-rest", at, () -> bytes.put(at + half, from, from.position() + half, rest));
  }

  @Override
  public ByteBuffer slice(int at, int lengthBytes) {
    return bytes.slice(at, lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public long get(int at) {
    return bytes.getLong(at);
  }

  @Override
  public void set(int at, long value) {
    step("set", at, () -> bytes.putLong(at, value));
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return name;
  }

  private void step(String what, int at, Runnable action) {
    try {
      disk.operate(
          mount,
          "shared-%s %d %s".formatted(what, at, name),
          () -> {
            action.run();
            return what;
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
