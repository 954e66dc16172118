package io.backstay.twin;

import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Network;
import java.net.ConnectException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** An address of a {@link MemoryWire} at which a server takes connections. */
final class MemoryListener implements Network.Listener {
  /** Connections that wait for {@link #accept}; further ones are refused. */
  static final int BACKLOG = 128;

  private final MemoryWire wire;
  private final MemoryNetwork owner;
  private final String address;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrival = lock.newCondition();
  private final Deque<MemoryChannel> waiting = new ArrayDeque<>();
  private boolean closed;

  MemoryListener(MemoryWire wire, MemoryNetwork owner, String address) {
    this.wire = wire;
    this.owner = owner;
    this.address = address;
  }

  @Override
  public String address() {
    return address;
  }

  MemoryNetwork owner() {
    return owner;
  }

  void offer(MemoryChannel channel) throws ConnectException {
    lock.lock();
    try {
      if (closed || waiting.size() == BACKLOG)
        throw new ConnectException("connection to " + address + " refused: nobody takes it");
      waiting.add(channel);
      arrival.signal();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Channel accept() throws ChannelClosedException, InterruptedException {
    wire.operation(owner, "accept", address);
    lock.lockInterruptibly();
    try {
      while (!closed && waiting.isEmpty()) arrival.await();
      if (closed) throw new ChannelClosedException("the listener at " + address + " is closed");
      return waiting.remove();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    wire.forget(this);
    Deque<MemoryChannel> abandoned;
    lock.lock();
    try {
      closed = true;
      abandoned = new ArrayDeque<>(waiting);
      waiting.clear();
      arrival.signalAll();
    } finally {
      lock.unlock();
    }
    abandoned.forEach(MemoryChannel::close);
  }
}
