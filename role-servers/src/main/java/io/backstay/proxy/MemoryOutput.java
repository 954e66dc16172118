package io.backstay.proxy;

import io.backstay.diff.DiffOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A wdiff in a buffer of bounded size. */
final class MemoryOutput implements DiffOutput {
  private final ByteBuffer memory;

  /**
   * @param memory cleared
   */
  MemoryOutput(ByteBuffer memory) {
    this.memory = memory;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() > memory.remaining())
      throw new IOException(
          "a wdiff of more than %d bytes of one interval of the log".formatted(memory.capacity()));
    memory.put(bytes);
  }

  ByteBuffer content() {
    return memory.duplicate().flip();
  }
}
