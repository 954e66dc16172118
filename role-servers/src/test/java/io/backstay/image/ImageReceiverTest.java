package io.backstay.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Bytes;
import io.backstay.model.Point;
import io.backstay.model.Role;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ImageReceiverTest {
  private static final int SIZE_BYTES = Payload.BLOCK_BYTES;

  private final BufferPool pool = new BufferPool(1, ImageChunk.RANGE_BYTES);
  private final AtomicInteger closed = new AtomicInteger();
  private final WrittenBuffers sink = new WrittenBuffers();

  @Test
  void bytesThatArriveAlignedAreWrittenFromWhereTheyLie() throws Exception {
    ByteBuffer arrived = BufferPool.aligned(SIZE_BYTES).put(0, (byte) 7);

    receive(Payload.of(arrived, closed::incrementAndGet));

    assertThat(sink.buffers).hasSize(1);
    assertThat(address(sink.buffers.element())).isEqualTo(address(arrived));
    assertThat(closed).hasValue(1);
  }

  @Test
  void bytesThatDirectIoCannotUseAreCopied() throws Exception {
    ByteBuffer arrived = ByteBuffer.allocate(SIZE_BYTES).put(0, (byte) 7);

    receive(Payload.of(arrived, closed::incrementAndGet));

    assertThat(BufferPool.isAligned(sink.buffers.element())).isTrue();
    assertThat(sink.buffers.element().get(0)).isEqualTo((byte) 7);
    assertThat(closed).hasValue(1);
  }

  @Test
  void damagedBytesAreNotWrittenAndTheirMemoryIsGivenBack() {
    ByteBuffer arrived = BufferPool.aligned(SIZE_BYTES).put(0, (byte) 7);
    int[] checksums = {Payload.checksumsOf(arrived)[0] + 1};

    assertThatThrownBy(() -> receive(Payload.received(arrived, checksums, closed::incrementAndGet)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("block 0 of the chunk at 0 was damaged");

    assertThat(sink.buffers).isEmpty();
    assertThat(closed).hasValue(1);
  }

  private void receive(Payload payload) throws IOException, InterruptedException {
    ImageChunk chunk = new ImageChunk(0, SIZE_BYTES, 1, Bytes.of(new byte[ImageChunk.HASH_BYTES]));
    Message.ImageEnd end = new Message.ImageEnd(Point.Proof.FROZEN, SIZE_BYTES, 0);
    new ImageReceiver(Time.system(), pool, ServerConfig.Transfers.DEFAULT)
        .receive(new Arrivals(new Frame(chunk, payload), Frame.of(end)), sink, 0, SIZE_BYTES);
  }

  private static long address(ByteBuffer buffer) {
    return MemorySegment.ofBuffer(buffer).address();
  }

  /** Remembers what it was given to write. */
  private static final class WrittenBuffers implements RangeSink {
    private final ConcurrentLinkedQueue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

    @Override
    public void write(ImageChunk chunk, int[] checksums, ByteBuffer data) {
      buffers.add(data);
    }

    @Override
    public void zero(long offset, long lengthBytes) {}

    @Override
    public void makeDurable(long upTo) {}
  }

  /** A peer that sends these frames and hears nothing. */
  private static final class Arrivals implements Channel {
    private final LinkedBlockingQueue<Frame> frames;

    Arrivals(Frame... frames) {
      this.frames = new LinkedBlockingQueue<>(List.of(frames));
    }

    @Override
    public Peer peer() {
      return new Peer("group", "s0", Role.STORAGE);
    }

    @Override
    public void send(Frame frame) {
      frame.payload().close();
    }

    @Override
    public Frame receive() throws InterruptedException {
      return frames.take();
    }

    @Override
    public void close() {}
  }
}
