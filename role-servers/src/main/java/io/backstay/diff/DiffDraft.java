package io.backstay.diff;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A wdiff on its way in, or one that is being made: bytes without a name, written past the page
 * cache. It becomes a diff when it is renamed; closed before that it never was. One thread at a
 * time.
 */
public final class DiffDraft implements DiffOutput, Closeable {
  private final Directory directory;
  private final String name;
  private final BlockDevice device;
  private final GatheredOutput output;
  private boolean named;

  /**
   * @param name temporary; replaces what an earlier process left under it
   * @param memory of the caller's until {@link #finish}: aligned, of a multiple of 4096 bytes
   */
  public DiffDraft(Directory directory, String name, ByteBuffer memory) throws IOException {
    this.directory = directory;
    this.name = name;
    this.device = directory.createDevice(name, 0);
    this.output = new GatheredOutput(device, memory);
  }

  /** Appends the buffer from its position to its limit. */
  @Override
  public void write(ByteBuffer bytes) throws IOException {
    output.write(bytes);
  }

  public long sizeBytes() {
    return output.sizeBytes();
  }

  /** Writes what was gathered; nothing more comes. Not durable before {@link #sync}. */
  public void finish() throws IOException {
    output.finish();
  }

  /** Finishes it and makes all of its bytes durable. */
  public void sync() throws IOException {
    finish();
    device.flush();
  }

  /** For reading what was finished, by whoever made it. */
  public BlockDevice open() throws IOException {
    return directory.openDevice(name);
  }

  /** Under that name from now on; durably only after a sync of the directory. */
  public void rename(String newName) throws IOException {
    directory.rename(name, newName);
    named = true;
  }

  @Override
  public void close() throws IOException {
    device.close();
    if (!named) directory.delete(name);
  }
}
