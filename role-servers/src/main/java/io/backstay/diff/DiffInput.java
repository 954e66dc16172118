package io.backstay.diff;

import io.backstay.seam.BlockDevice;
import io.backstay.wdiff.DiffSidecar;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * The bytes of a wdiff from its first to its last, through a window of fixed size: what is asked
 * for is a piece of the window where it lies in one, else it is put together beside it. Not for
 * several threads.
 */
public final class DiffInput implements Closeable {
  private final String name;
  private final Source source;
  private final ByteBuffer window;
  private ByteBuffer beside = ByteBuffer.allocateDirect(0);
  private long taken;

  /** Where the bytes come from. */
  interface Source extends Closeable {
    /**
     * Fills a cleared window with the bytes that come next; it stays at least in part empty only
     * where they end. The window is ready to be read then.
     */
    void fill(ByteBuffer window) throws IOException;
  }

  DiffInput(String name, Source source, ByteBuffer window) {
    this.name = name;
    this.source = source;
    this.window = window.limit(0);
  }

  /**
   * @param name for messages
   * @param in a blocking one; closed with this
   */
  public static DiffInput of(String name, ReadableByteChannel in) {
    return new DiffInput(name, new ChannelSource(in), ByteBuffer.allocateDirect(128 << 10));
  }

  /**
   * A wdiff as it lies in an archive or proxy: every block is compared with its checksum at rest
   * before anybody sees it (rule X3).
   *
   * @param name for messages
   * @param device closed with this, also where this fails
   */
  public static DiffInput of(String name, BlockDevice device, DiffSidecar sidecar)
      throws IOException {
    try {
      StoredSource source = new StoredSource(name, device, sidecar);
      return new DiffInput(name, source, source.window());
    } catch (IOException e) {
      device.close();
      throw e;
    }
  }

  /** For messages: what this is. */
  public String name() {
    return name;
  }

  /** How many bytes were taken. */
  public long position() {
    return taken;
  }

  /**
   * The next bytes: as many as asked for, or fewer where the input ends.
   *
   * @return a direct buffer, valid until the next call
   */
  public ByteBuffer take(int bytes) throws IOException {
    if (!window.hasRemaining()) source.fill(window);
    if (window.remaining() >= bytes) {
      ByteBuffer piece = window.slice(window.position(), bytes);
      window.position(window.position() + bytes);
      taken += bytes;
      return piece;
    }
    if (beside.capacity() < bytes) beside = ByteBuffer.allocateDirect(bytes);
    beside.clear().limit(bytes);
    while (beside.hasRemaining()) {
      if (!window.hasRemaining()) source.fill(window);
      if (!window.hasRemaining()) break;
      int now = Math.min(window.remaining(), beside.remaining());
      beside.put(window.slice(window.position(), now));
      window.position(window.position() + now);
      taken += now;
    }
    return beside.flip().slice();
  }

  /** Passes over bytes as if they had been taken; false where the input ends before. */
  public boolean skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (!window.hasRemaining()) source.fill(window);
      if (!window.hasRemaining()) return false;
      int now = (int) Math.min(window.remaining(), left);
      window.position(window.position() + now);
      left -= now;
      taken += now;
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  private record ChannelSource(ReadableByteChannel in) implements Source {
    @Override
    public void fill(ByteBuffer window) throws IOException {
      window.clear();
      while (window.hasRemaining() && in.read(window) >= 0) {}
      window.flip();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
