package io.backstay.net;

import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Network;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Authenticated connections that wait for {@link #accept}. */
final class NettyListener implements Network.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(NettyListener.class);

  private final Limits limits;
  private final AtomicInteger sockets = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<NettyChannel> waiting = new ArrayDeque<>();
  private volatile Runnable unbind = () -> {};
  private volatile String address = "";
  private boolean closed;

  NettyListener(Limits limits) {
    this.limits = limits;
  }

  /**
   * @param unbind stops taking connections
   */
  void bound(String to, Runnable unbind) {
    this.address = to;
    this.unbind = unbind;
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public Channel accept() throws ChannelClosedException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed && waiting.isEmpty()) changed.await();
      if (closed) throw new ChannelClosedException("nobody listens at " + address + " any more");
      return waiting.remove();
    } finally {
      lock.unlock();
    }
  }

  /** A socket was taken. Nothing when there are too many. */
  Optional<Handshake.Outcome> taken(io.netty.channel.Channel socket) {
    if (sockets.incrementAndGet() > limits.connections()) {
      sockets.decrementAndGet();
      LOG.warn(
          "connection from {} closed: there are {} others at {}, the limit",
          HostPort.text(socket.remoteAddress()),
          limits.connections(),
          address);
      return Optional.empty();
    }
    socket.closeFuture().addListener(closed -> sockets.decrementAndGet());
    return Optional.of(new Accepting(HostPort.text(socket.remoteAddress())));
  }

  /** The outcome for the side that is connected to. */
  private final class Accepting implements Handshake.Outcome {
    private final String from;

    Accepting(String from) {
      this.from = from;
    }

    @Override
    public void opened(NettyChannel channel) {
      if (admitted(channel)) return;
      LOG.warn(
          "connection with {} at {} closed: {} others wait to be accepted at {}",
          channel.peer().name(),
          from,
          limits.accepted(),
          address);
      channel.close();
    }

    @Override
    public void failed(String reason) {
      LOG.warn("connection from {} closed: {}", from, reason);
    }
  }

  private boolean admitted(NettyChannel channel) {
    lock.lock();
    try {
      if (closed || waiting.size() >= limits.accepted()) return false;
      waiting.add(channel);
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    ArrayDeque<NettyChannel> left;
    lock.lock();
    try {
      closed = true;
      left = new ArrayDeque<>(waiting);
      waiting.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    unbind.run();
    left.forEach(NettyChannel::close);
  }
}
