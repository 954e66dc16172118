package io.backstay.archive;

import io.backstay.image.DeviceSink;
import io.backstay.image.RangeSink;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Takes an image in. Durability is order: the image's bytes, then the sidecar's entries, then the
 * metadata that says how far both go; only then is the sender told.
 */
final class ImageSink implements RangeSink {
  /** Says in the volume's metadata how far the image goes. */
  interface Progress {
    void record(long upTo, long storedBytes) throws IOException;
  }

  private sealed interface Written {
    record Chunk(ImageChunk chunk, int[] checksums) implements Written {}

    record Zeroes(long ranges) implements Written {}

    /** The entry stays as it is. */
    record Kept(long ranges) implements Written {}
  }

  private final ImageFiles files;
  private final DeviceSink image;

  /** Writes over what an earlier pass left (rule X5). */
  private final DeviceSink older;

  private final long olderBelow;
  private final Progress progress;
  private final ConcurrentSkipListMap<Long, Written> unrecorded = new ConcurrentSkipListMap<>();
  private long storedBytes;

  /**
   * @param partial the image so far
   */
  ImageSink(ImageFiles files, PartialImage partial, Progress progress) {
    this.files = files;
    this.image = new DeviceSink(files.image(), DeviceSink.Before.ZEROES);
    this.older = new DeviceSink(files.image(), DeviceSink.Before.ANYTHING);
    this.olderBelow = partial.olderBelow();
    this.progress = progress;
    this.storedBytes = partial.storedBytes();
  }

  @Override
  public void write(ImageChunk chunk, int[] checksums, ByteBuffer data) throws IOException {
    (chunk.offset() < olderBelow ? older : image).write(chunk, data);
    unrecorded.put(chunk.offset() / ImageChunk.RANGE_BYTES, new Written.Chunk(chunk, checksums));
  }

  @Override
  public void zero(long offset, long lengthBytes) throws IOException {
    long old = Math.clamp(olderBelow - offset, 0, lengthBytes);
    if (old > 0) older.zero(offset, old);
    if (lengthBytes > old) image.zero(offset + old, lengthBytes - old);
    long ranges = (lengthBytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
    unrecorded.put(offset / ImageChunk.RANGE_BYTES, new Written.Zeroes(ranges));
  }

  @Override
  public void keep(long offset, long lengthBytes) {
    long ranges = (lengthBytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
    unrecorded.put(offset / ImageChunk.RANGE_BYTES, new Written.Kept(ranges));
  }

  @Override
  public void makeDurable(long upTo) throws IOException {
    files.image().flush();
    Map<Long, Written> complete = unrecorded.headMap(ranges(upTo));
    try (SidecarWriting entries =
        new SidecarWriting(files.sidecar(), files.sidecar().imageBytes())) {
      for (Map.Entry<Long, Written> written : complete.entrySet()) {
        switch (written.getValue()) {
          case Written.Chunk(ImageChunk chunk, int[] checksums) -> {
            entries.at(written.getKey()).put(written.getKey(), chunk, checksums);
            storedBytes += chunk.payloadBytes();
          }
          case Written.Kept(long ranges) -> {
            for (long range = written.getKey(); range < written.getKey() + ranges; range++) {
              int blocks = entries.at(range).get(range).dataBlocks();
              storedBytes += (long) Integer.bitCount(blocks) * Payload.BLOCK_BYTES;
            }
          }
          case Written.Zeroes(long ranges) -> {
            for (long range = written.getKey(); range < written.getKey() + ranges; range++) {
              entries.at(range).putZeroes(range);
            }
          }
        }
      }
    }
    files.sidecar().flush();
    complete.clear();
    progress.record(upTo, storedBytes);
  }

  long storedBytes() {
    return storedBytes;
  }

  private static long ranges(long bytes) {
    return (bytes + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES;
  }
}
