package io.backstay.device;

import io.backstay.seam.NoSpaceException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;

/**
 * A FileChannel that interrupts do not close. The JDK closes a FileChannel for all its users when
 * one of them is interrupted in it; a cancelled transfer would take the volume away from everybody
 * else. Here the operation is done again on a fresh channel to the same file (reads and writes by
 * position may be repeated), and the interrupt is kept for the caller.
 */
final class SteadyChannel implements Closeable {
  /** Interrupts that hit one operation; more are no accident. */
  private static final int REPETITIONS_MAX = 10_000;

  interface Opener {
    FileChannel open() throws IOException;
  }

  private interface Operation {
    int on(FileChannel channel) throws IOException;
  }

  private final String path;
  private final Opener opener;
  private volatile FileChannel channel;
  private volatile boolean closed;

  SteadyChannel(String path, Opener opener) throws IOException {
    this.path = path;
    this.opener = opener;
    this.channel = opener.open();
  }

  /** As {@link FileChannel#read(ByteBuffer, long)}, but the buffer's position stays. */
  int read(ByteBuffer into, long offset) throws IOException {
    try {
      return steadily(current -> current.read(into.duplicate(), offset));
    } catch (IOException e) {
      throw failure("read", into.remaining(), offset, e);
    }
  }

  /** As {@link FileChannel#write(ByteBuffer, long)}, but the buffer's position stays. */
  int write(ByteBuffer from, long offset) throws IOException {
    try {
      return steadily(current -> current.write(from.duplicate(), offset));
    } catch (IOException e) {
      throw failure("write", from.remaining(), offset, e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }

  private int steadily(Operation operation) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      for (int i = 0; i < REPETITIONS_MAX; i++) {
        FileChannel current = channel;
        try {
          return operation.on(current);
        } catch (ClosedByInterruptException e) {
          interrupted = true;
          Thread.interrupted();
          replace(current);
        } catch (ClosedChannelException e) {
          replace(current);
        }
      }
      throw new IOException("interrupted " + REPETITIONS_MAX + " times");
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  private synchronized void replace(FileChannel broken) throws IOException {
    if (closed) throw new IOException("it is closed");
    if (channel.equals(broken)) channel = opener.open();
  }

  private IOException failure(String attempted, int bytes, long offset, IOException cause) {
    String message =
        "cannot %s %d bytes at %d of %s: %s"
            .formatted(attempted, bytes, offset, path, cause.getMessage());
    return LinuxFile.isNoSpace(cause)
        ? new NoSpaceException(message, cause)
        : new IOException(message, cause);
  }
}
