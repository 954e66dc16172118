package io.backstay.net;

import io.backstay.wire.Frame;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.MalformedFrameException;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Turns the bytes of one connection into frames as they come. The header is judged before anything
 * of the body is kept; a payload goes straight into one buffer of its final size. Event loop only.
 */
final class FrameReader {
  private final IntFunction<Optional<PayloadMemory.Lease>> memory;
  private final ByteBuffer header = ByteBuffer.allocate(FrameCodec.HEADER_BYTES);
  private Step step = new Header();

  /** What of a frame is read now. */
  private sealed interface Step {}

  private record Header() implements Step {}

  private record Prefix(FrameCodec.Header header, ByteBuffer bytes) implements Step {}

  /** The frame is complete but for these bytes, of which its payload is a view. */
  private record Body(Arrival arrival, ByteBuffer bytes) implements Step {}

  /** What reading came to. */
  private sealed interface Progress {}

  private record Needs() implements Progress {}

  private record Went(Step on) implements Progress {}

  private record Complete(Arrival arrival) implements Progress {}

  /**
   * @param memory gives a buffer for a payload of so many bytes, or nothing for now
   */
  FrameReader(IntFunction<Optional<PayloadMemory.Lease>> memory) {
    this.memory = memory;
  }

  /**
   * Takes bytes until a frame is complete, or there are no more, or there is no memory for a
   * payload. Frames that say nothing are passed over.
   */
  Optional<Arrival> read(ByteBuf in) throws IOException {
    while (true) {
      Progress progress =
          switch (step) {
            case Header start -> readHeader(in);
            case Prefix prefix -> readPrefix(prefix, in);
            case Body body -> readBody(body, in);
          };
      switch (progress) {
        case Needs more -> {
          return Optional.empty();
        }
        case Went went -> step = went.on;
        case Complete complete -> {
          step = new Header();
          return Optional.of(complete.arrival);
        }
      }
    }
  }

  private Progress readHeader(ByteBuf in) throws MalformedFrameException {
    if (!fill(header, in)) return new Needs();
    FrameCodec.Header found = FrameCodec.decodeHeader(header.flip());
    header.clear();
    if (found.isKeepAlive()) return new Went(new Header());
    return new Went(new Prefix(found, ByteBuffer.allocate(found.prefixBytes())));
  }

  private Progress readPrefix(Prefix prefix, ByteBuf in) throws IOException {
    if (!fill(prefix.bytes, in)) return new Needs();
    ByteBuffer bytes = prefix.bytes.duplicate().flip();
    int payloadBytes = prefix.header.payloadBytes();
    if (payloadBytes == 0) {
      Frame frame = FrameCodec.decode(prefix.header, bytes, ByteBuffer.allocate(0), () -> {});
      return new Complete(new Arrival(frame, prefix.header.prefixBytes()));
    }
    Optional<PayloadMemory.Lease> taken = memory.apply(payloadBytes);
    if (taken.isEmpty()) return new Needs();
    PayloadMemory.Lease lease = taken.get();
    boolean decoded = false;
    try {
      Frame frame = FrameCodec.decode(prefix.header, bytes, lease.buffer(), lease.release());
      decoded = true;
      long frameBytes = prefix.header.prefixBytes() + (long) payloadBytes;
      return new Went(new Body(new Arrival(frame, frameBytes), lease.buffer()));
    } finally {
      if (!decoded) lease.release().run();
    }
  }

  private static Progress readBody(Body body, ByteBuf in) {
    return fill(body.bytes, in) ? new Complete(body.arrival) : new Needs();
  }

  private static boolean fill(ByteBuffer buffer, ByteBuf in) {
    int limit = buffer.limit();
    buffer.limit(buffer.position() + Math.min(in.readableBytes(), buffer.remaining()));
    in.readBytes(buffer);
    buffer.limit(limit);
    return !buffer.hasRemaining();
  }

  /** Whether the connection may end here without having broken off a frame. */
  boolean betweenFrames() {
    return step instanceof Header && header.position() == 0;
  }

  /** Gives back what an unfinished frame holds. */
  void close() {
    if (step instanceof Body body) body.arrival.frame().payload().close();
    step = new Header();
  }
}
