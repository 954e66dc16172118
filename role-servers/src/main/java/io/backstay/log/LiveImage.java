package io.backstay.log;

import io.backstay.nbd.Export;
import io.backstay.seam.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A logged volume as a backup reads it while clients go on (rule X4): each byte is as it was at
 * some moment between the begin cut, which was recorded before the first read, and the end of the
 * read.
 *
 * <p>What was read is handed on only when the log is durable up to the newest write that it holds.
 * Else a loss of power could take a write out of the log that the image has already. Nobody waits
 * for other writes.
 */
final class LiveImage implements BlockDevice {
  /** How far ahead the tail is asked at once. */
  private static final long LOOK_BYTES = 64L << 20;

  private final LoggedVolume volume;
  private final VolumeReads reads;
  private final Tail tail;
  private final int alignmentBytes;

  /**
   * @param alignmentBytes of the data device
   */
  LiveImage(LoggedVolume volume, VolumeReads reads, Tail tail, int alignmentBytes) {
    this.volume = volume;
    this.reads = reads;
    this.tail = tail;
    this.alignmentBytes = alignmentBytes;
  }

  @Override
  public long sizeBytes() {
    return volume.sizeBytes();
  }

  @Override
  public int alignmentBytes() {
    return alignmentBytes;
  }

  @Override
  public void read(long offset, ByteBuffer into) throws IOException {
    long end = reads.readWaiting(offset, into);
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    int error = tail.flush(end, answer::complete);
    if (error == Export.LATER) error = await(answer);
    if (error != Export.DONE)
      throw new IOException(
          "the log of %s cannot be made durable, so what was read of the volume is not handed on: error %d"
              .formatted(volume.name(), error));
  }

  private int await(CompletableFuture<Integer> answer) throws IOException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while reading " + volume.name(), e);
    }
  }

  @Override
  public long nextData(long offset) throws IOException {
    for (long at = offset; at < sizeBytes(); ) {
      long end = Math.min(sizeBytes(), at + LOOK_BYTES);
      long next = reads.nextData(at, end);
      if (next < end) return next - next % alignmentBytes;
      at = end;
    }
    return sizeBytes();
  }

  @Override
  public void write(long offset, ByteBuffer from) {
    throw readOnly();
  }

  @Override
  public void zero(long offset, long lengthBytes) {
    throw readOnly();
  }

  @Override
  public void flush() {
    throw readOnly();
  }

  private IllegalStateException readOnly() {
    return new IllegalStateException("the image of %s is read only".formatted(volume.name()));
  }

  /** Nothing is: the volume goes on. */
  @Override
  public void close() {}

  @Override
  public String toString() {
    return "volume " + volume.name();
  }
}
