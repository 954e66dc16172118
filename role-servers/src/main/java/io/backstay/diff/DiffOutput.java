package io.backstay.diff;

import io.backstay.seam.AppendFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Where a wdiff is written, from its first byte to its last. */
@FunctionalInterface
public interface DiffOutput {
  /** Takes the buffer from its position to its limit; it belongs to the caller again then. */
  void write(ByteBuffer bytes) throws IOException;

  /** Appends to a file; to sync it is the caller's. */
  static DiffOutput to(AppendFile file) {
    return file::append;
  }

  static DiffOutput to(WritableByteChannel channel) {
    return bytes -> {
      while (bytes.hasRemaining()) channel.write(bytes);
    };
  }
}
