package io.backstay.archive;

import io.backstay.image.Range;
import io.backstay.image.RangeHash;
import io.backstay.model.Bytes;
import io.backstay.seam.Directory;
import io.backstay.server.RoleParts;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what an earlier pass left of an image, range after range, so that the sender leaves out what
 * is still right (rule X5). It is read anew from the disk, and what does not fit its evidence has
 * no hash: a crash may have left half of a range.
 *
 * <p>It runs ahead of what is written: a range is written only after the sender heard of it.
 */
final class OlderPass implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OlderPass.class);

  /** Hashes in one message. */
  private static final int RANGES_AT_ONCE = 64;

  private final RoleParts parts;
  private final Channel channel;
  private final StoredImage image;
  private final PartialImage partial;
  private volatile boolean closed;
  private Thread thread;

  private OlderPass(RoleParts parts, Channel channel, StoredImage image, PartialImage partial) {
    this.parts = parts;
    this.channel = channel;
    this.image = image;
    this.partial = partial;
  }

  static OlderPass begin(
      RoleParts parts, Channel channel, Directory directory, PartialImage partial)
      throws IOException {
    StoredImage image =
        new StoredImage(ImageFiles.open(directory, partial.serial(), partial.sizeBytes()));
    OlderPass pass = new OlderPass(parts, channel, image, partial);
    pass.thread = parts.time().fork("older pass", pass::run);
    return pass;
  }

  private void run() {
    try {
      long step = (long) RANGES_AT_ONCE * ImageChunk.RANGE_BYTES;
      for (long at = partial.durable(); at < partial.olderBelow() && !closed; at += step)
        channel.send(Frame.of(hashes(at, Math.min(at + step, partial.olderBelow()))));
    } catch (IOException | RuntimeException e) {
      LOG.info("an earlier pass is compared no further: {}", e.toString());
      channel.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Message.ImageHashes hashes(long from, long end) throws IOException, InterruptedException {
    int ranges = (int) ((end - from + ImageChunk.RANGE_BYTES - 1) / ImageChunk.RANGE_BYTES);
    ByteBuffer hashes = ByteBuffer.allocate(ImageChunk.HASH_BYTES * ranges);
    for (long at = from; at < end; at += ImageChunk.RANGE_BYTES) hashes.put(hash(at).toArray());
    return new Message.ImageHashes(from, Bytes.of(hashes.array()));
  }

  private Bytes hash(long at) throws IOException, InterruptedException {
    try {
      return switch (image.read(at, parts.pool().take())) {
        case Range.Chunk data -> {
          try (var payload = data.payload()) {
            yield RangeHash.of(data.chunk(), payload.bytes());
          }
        }
        case Range.Zeroes zeroes -> RangeHash.of(ByteBuffer.allocate((int) zeroes.lengthBytes()));
        case Range.Kept kept -> throw new IllegalStateException("a stored image has " + kept);
      };
    } catch (CorruptImageException e) {
      return Bytes.of(new byte[ImageChunk.HASH_BYTES]);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    image.close();
  }
}
