package io.backstay.convert;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Devices;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Files that a user names, whose bytes pass this process once: they go past the page cache where
 * that is possible. What others have in there stays, and the kernel has no pages to find for what
 * nobody will ask for again.
 *
 * @param time that starts the threads which read ahead and compress
 */
public record FileAccess(Devices devices, Time time) {
  /**
   * Its bytes from the first to the last. What is no regular file (a pipe) is read as it comes.
   *
   * @param what for messages: a wlog, a wdiff
   * @throws RefusedException {@code not-found}
   */
  public ReadableByteChannel read(Path file, String what) throws IOException, RefusedException {
    requireThere(file, what);
    if (!Files.isRegularFile(file)) return FileChannel.open(file, StandardOpenOption.READ);
    return ahead(file);
  }

  /** A regular file from its first byte to its last. */
  ReadableByteChannel ahead(Path file) throws IOException {
    return ahead(devices.openReadOnly(absolute(file)));
  }

  /** A device from its first byte to its last; closes it when it is closed. */
  ReadableByteChannel ahead(BlockDevice device) {
    return new AheadChannel(device, time, devices::memory);
  }

  /** A file that is there already, to be written. */
  BlockDevice write(Path file) throws IOException {
    return devices.openWritable(absolute(file));
  }

  /** Writes an empty device from its first byte on. */
  BehindOutput append(BlockDevice device) {
    return new BehindOutput(device, time, devices::memory);
  }

  static void requireThere(Path file, String what) throws RefusedException {
    if (Files.exists(file)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_FOUND, "there is no such file")
            .found("nothing at " + file.toAbsolutePath())
            .next("name a " + what + " that is there"));
  }

  private static String absolute(Path file) {
    return file.toAbsolutePath().toString();
  }
}
