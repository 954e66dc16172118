package io.backstay.image;

import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * The receiving side of the conversation drawn in {@link Message.ImageChunk}, from {@link
 * Message.ImageResume} to {@link Message.ImageEnd}. Bytes are compared with their checksums, and
 * only then written, from the very memory in which they arrived.
 */
public final class ImageReceiver {
  private final Time time;
  private final BufferPool pool;
  private final ServerConfig.Transfers limits;

  public ImageReceiver(Time time, BufferPool pool, ServerConfig.Transfers limits) {
    this.time = time;
    this.pool = pool;
    this.limits = limits;
  }

  /** As below, for an image of which nothing of an earlier pass is there. */
  public Message.ImageEnd receive(Channel channel, RangeSink sink, long from, long sizeBytes)
      throws IOException, InterruptedException {
    return receive(
        channel, sink, new Message.ImageResume(from, java.util.Optional.empty()), sizeBytes);
  }

  /**
   * Answers the opening with {@code resume}, takes all ranges up to {@code sizeBytes} and makes
   * them durable. On any failure all that came before it is durable when this throws.
   *
   * @return the sender's last message; the caller commits and answers it
   */
  public Message.ImageEnd receive(
      Channel channel, RangeSink sink, Message.ImageResume resume, long sizeBytes)
      throws IOException, InterruptedException {
    channel.send(Frame.of(resume));
    RangeWriter writer =
        new RangeWriter(time, sink, limits, resume.offset(), upTo -> sayDurable(channel, upTo));
    try {
      while (true) {
        Frame frame = channel.receive();
        switch (frame.message()) {
          case Message.ImageChunk chunk -> writer.accept(data(chunk, frame.payload(), sizeBytes));
          case Message.ImageZeroes zeroes -> writer.accept(zeroes(zeroes, sizeBytes));
          case Message.ImageKept kept -> writer.accept(kept(kept, resume.compareBelow()));
          case Message.ImageEnd end -> {
            if (writer.position() != sizeBytes) {
              throw new IOException(
                  "an image of %d bytes ended at %d".formatted(sizeBytes, writer.position()));
            }
            writer.finish();
            return end;
          }
          case Message other -> throw new IOException("an image transfer got " + other);
        }
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  private static void sayDurable(Channel channel, long upTo) {
    try {
      channel.send(Frame.of(new Message.ImageDurable(upTo)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Range.Zeroes zeroes(Message.ImageZeroes zeroes, long sizeBytes)
      throws IOException {
    // Compared without adding: the sum may overflow.
    if (zeroes.lengthBytes() > sizeBytes - zeroes.offset()) {
      throw new IOException("%s reaches behind the image's end at %d".formatted(zeroes, sizeBytes));
    }
    return new Range.Zeroes(zeroes.offset(), zeroes.lengthBytes());
  }

  private static Range.Kept kept(Message.ImageKept kept, long below) throws IOException {
    if (kept.offset() < 0 || kept.lengthBytes() > below - kept.offset())
      throw new IOException("%s is not below %d".formatted(kept, below));
    return new Range.Kept(kept.offset(), kept.lengthBytes());
  }

  /** Takes the payload over. */
  private Range.Chunk data(Message.ImageChunk chunk, Payload payload, long sizeBytes)
      throws IOException, InterruptedException {
    Payload taken = payload;
    boolean kept = false;
    try {
      requireFit(chunk, payload, sizeBytes);
      taken = inAlignedMemory(payload);
      requireUndamaged(chunk, taken);
      kept = true;
      return new Range.Chunk(chunk, taken);
    } finally {
      if (!kept) taken.close();
    }
  }

  private static void requireFit(Message.ImageChunk chunk, Payload payload, long sizeBytes)
      throws IOException {
    if (chunk.offset() + chunk.lengthBytes() <= sizeBytes
        && payload.sizeBytes() == chunk.payloadBytes()) return;
    throw new IOException(
        "a chunk at %d of %d bytes with a payload of %d does not fit an image of %d bytes"
            .formatted(chunk.offset(), chunk.lengthBytes(), payload.sizeBytes(), sizeBytes));
  }

  /** The payload itself where direct IO can write it as it lies, else a copy in its place. */
  private Payload inAlignedMemory(Payload payload) throws InterruptedException {
    if (BufferPool.isAligned(payload.bytes())) return payload;
    BufferPool.Lease lease = pool.take();
    ByteBuffer aligned = lease.buffer().clear().limit(payload.sizeBytes());
    aligned.put(payload.bytes()).flip();
    Payload copy = Payload.received(aligned, payload.checksums(), lease::close);
    payload.close();
    return copy;
  }

  private static void requireUndamaged(Message.ImageChunk chunk, Payload payload)
      throws IOException {
    int damaged = payload.firstDamagedBlock();
    if (damaged < 0) return;
    throw new IOException(
        "block %d of the chunk at %d was damaged on its way".formatted(damaged, chunk.offset()));
  }
}
