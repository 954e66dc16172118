package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Where one socket is read into: buffers of its own while it negotiates or where TLS follows, which
 * writes behind what was read; the memory of its event loop from then on.
 */
final class SocketReads implements RecvByteBufAllocator {
  private final AdaptiveRecvByteBufAllocator own =
      new AdaptiveRecvByteBufAllocator(2 * 1024, 16 * 1024, 256 * 1024);
  private ReadMemory shared;

  /** On the event loop whose memory this is. */
  void share(ReadMemory memory) {
    shared = memory;
  }

  @Override
  public ExtendedHandle newHandle() {
    return new Reads((ExtendedHandle) own.newHandle());
  }

  private final class Reads implements ExtendedHandle {
    private final ExtendedHandle adaptive;

    Reads(ExtendedHandle adaptive) {
      this.adaptive = adaptive;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      return shared == null ? adaptive.allocate(allocator) : shared.room();
    }

    @Override
    public void lastBytesRead(int bytes) {
      adaptive.lastBytesRead(bytes);
      if (shared != null && bytes > 0) shared.filled(bytes);
    }

    @Override
    public void reset(ChannelConfig config) {
      adaptive.reset(config);
    }

    @Override
    public void incMessagesRead(int count) {
      adaptive.incMessagesRead(count);
    }

    @Override
    public boolean continueReading() {
      return adaptive.continueReading();
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier mayBeMore) {
      return adaptive.continueReading(mayBeMore);
    }

    @Override
    public int guess() {
      return adaptive.guess();
    }

    @Override
    public int lastBytesRead() {
      return adaptive.lastBytesRead();
    }

    @Override
    public void attemptedBytesRead(int bytes) {
      adaptive.attemptedBytesRead(bytes);
    }

    @Override
    public int attemptedBytesRead() {
      return adaptive.attemptedBytesRead();
    }

    @Override
    public void readComplete() {
      adaptive.readComplete();
    }
  }
}
