package io.backstay.diff;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;

/** A file in memory as a channel. */
final class MemoryFile implements SeekableByteChannel {
  private byte[] content;
  private int position;

  MemoryFile(byte[] content) {
    this.content = content;
  }

  byte[] content() {
    return content;
  }

  @Override
  public int read(ByteBuffer into) {
    if (position >= content.length) return -1;
    int now = Math.min(into.remaining(), content.length - position);
    into.put(content, position, now);
    position += now;
    return now;
  }

  @Override
  public int write(ByteBuffer from) {
    int now = from.remaining();
    content = Arrays.copyOf(content, Math.max(content.length, position + now));
    from.get(content, position, now);
    position += now;
    return now;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) {
    position = Math.toIntExact(newPosition);
    return this;
  }

  @Override
  public long size() {
    return content.length;
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    content = Arrays.copyOf(content, (int) Math.min(size, content.length));
    return this;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
