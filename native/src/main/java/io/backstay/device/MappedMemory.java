package io.backstay.device;

import io.backstay.seam.SharedMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A file in memory, mapped. The mapping ends when nobody refers to it any more: unmapping it while
 * a thread still reads would kill the process.
 */
final class MappedMemory implements SharedMemory {
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final String path;
  private final ByteBuffer bytes;

  MappedMemory(String path, ByteBuffer bytes) {
    this.path = path;
    this.bytes = bytes;
  }

  @Override
  public int sizeBytes() {
    return bytes.capacity();
  }

  @Override
  public void put(int at, ByteBuffer from) {
    bytes.put(at, from, from.position(), from.remaining());
  }

  @Override
  public ByteBuffer slice(int at, int lengthBytes) {
    return bytes.slice(at, lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public long get(int at) {
    return (long) LONG.getAcquire(bytes, at);
  }

  @Override
  public void set(int at, long value) {
    LONG.setRelease(bytes, at, value);
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return path;
  }
}
