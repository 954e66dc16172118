package io.backstay.twin;

import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One end of a connection of a {@link MemoryWire}. */
final class MemoryChannel implements Channel {
  private final MemoryWire wire;
  private final MemoryNetwork owner;
  private final Peer peer;
  private final MemoryPipe out;
  private final MemoryPipe in;

  MemoryChannel(MemoryWire wire, MemoryNetwork owner, Peer peer, MemoryPipe out, MemoryPipe in) {
    this.wire = wire;
    this.owner = owner;
    this.peer = peer;
    this.out = out;
    this.in = in;
  }

  @Override
  public Peer peer() {
    return peer;
  }

  MemoryNetwork owner() {
    return owner;
  }

  @Override
  public void send(Frame frame) throws IOException, InterruptedException {
    try (var payload = frame.payload()) {
      wire.operation(owner, "send " + frame.message().getClass().getSimpleName(), peer.name());
      ByteBuffer prefix = FrameCodec.encodePrefix(frame);
      ByteBuffer bytes = ByteBuffer.allocate(prefix.remaining() + payload.sizeBytes());
      bytes.put(prefix).put(payload.bytes()).flip();
      wire.damage(owner.self().name(), peer.name(), bytes);
      out.send(bytes, wire.delay());
    } catch (ChannelClosedException e) {
      owner.requireAlive();
      throw e;
    }
  }

  @Override
  public Frame receive() throws IOException, InterruptedException {
    wire.operation(owner, "receive", peer.name());
    try {
      ByteBuffer bytes = in.receive();
      owner.requireAlive();
      return decoded(bytes);
    } catch (ChannelClosedException e) {
      owner.requireAlive();
      throw e;
    } catch (MalformedFrameException e) {
      String reason = "connection with %s closed: %s".formatted(peer.name(), e.getMessage());
      cut(reason, 0, 0);
      throw new ChannelClosedException(reason, e);
    }
  }

  @Override
  public void close() {
    wire.forget(this);
    String us = owner.self().name();
    String reason = "connection between %s and %s closed by %s".formatted(us, peer.name(), us);
    in.cut(reason, 0);
    out.finish(reason);
  }

  /** The connection breaks; of the frames on their way the first ones still arrive. */
  void cut(String reason, int keepOut, int keepIn) {
    wire.forget(this);
    out.cut(reason, keepOut);
    in.cut(reason, keepIn);
  }

  MemoryPipe out() {
    return out;
  }

  MemoryPipe in() {
    return in;
  }

  private static Frame decoded(ByteBuffer bytes) throws IOException {
    FrameCodec.Header header = FrameCodec.decodeHeader(bytes);
    if (bytes.remaining() != header.prefixBytes() + header.payloadBytes()) {
      throw new MalformedFrameException(
          "a frame of %d bytes says that %d follow its header"
              .formatted(bytes.limit(), header.prefixBytes() + header.payloadBytes()));
    }
    ByteBuffer prefix = bytes.slice(bytes.position(), header.prefixBytes());
    ByteBuffer payload =
        bytes.slice(bytes.position() + header.prefixBytes(), header.payloadBytes());
    return FrameCodec.decode(header, prefix, payload, () -> {});
  }
}
