package io.backstay.net;

import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where virtual threads and the event loop meet: a queue of frames that arrived, a count of bytes
 * that are on their way out, and the reason why it is over, under one lock.
 */
final class NettyChannel implements Channel {
  private final Peer peer;
  private final Wire wire;
  private final Limits limits;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Condition drained = lock.newCondition();
  private final ArrayDeque<Arrival> queue = new ArrayDeque<>();
  private Optional<String> over = Optional.empty();
  private long queuedBytes;
  private long sendingBytes;

  /** The event loop's side; every method may be called by any thread. */
  interface Wire {
    /**
     * Writes prefix and payload, reports what {@linkplain NettyChannel#left left}, and closes the
     * payload when all did.
     *
     * @throws RejectedExecutionException when the event loop is over; nothing was taken then
     */
    void write(ByteBuffer prefix, Payload payload);

    /** There is room for more frames again. */
    void readOn();

    void close();
  }

  NettyChannel(Peer peer, Wire wire, Limits limits) {
    this.peer = peer;
    this.wire = wire;
    this.limits = limits;
  }

  @Override
  public Peer peer() {
    return peer;
  }

  @Override
  public void send(Frame frame) throws IOException, InterruptedException {
    boolean handedOver = false;
    try {
      ByteBuffer prefix = FrameCodec.encodePrefix(frame);
      awaitRoom(prefix.remaining() + (long) frame.payload().sizeBytes());
      wire.write(prefix, frame.payload());
      handedOver = true;
    } catch (RejectedExecutionException networkIsClosed) {
      throw new ChannelClosedException("the network is closed", networkIsClosed);
    } finally {
      if (!handedOver) frame.payload().close();
    }
  }

  private void awaitRoom(long bytes) throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (over.isEmpty() && sendingBytes >= limits.sendingBytes()) drained.await();
      if (over.isPresent()) throw new ChannelClosedException(over.get());
      sendingBytes += bytes;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Frame receive() throws IOException, InterruptedException {
    Arrival next;
    boolean roomAgain;
    lock.lockInterruptibly();
    try {
      while (over.isEmpty() && queue.isEmpty()) arrived.await();
      if (queue.isEmpty()) throw new ChannelClosedException(over.orElseThrow());
      next = queue.remove();
      boolean wasFull = isFull();
      queuedBytes -= next.bytes();
      roomAgain = wasFull && !isFull();
    } finally {
      lock.unlock();
    }
    if (roomAgain) wire.readOn();
    return next.frame();
  }

  @Override
  public void close() {
    end("closed on this side");
    discardArrivals();
    wire.close();
  }

  private void discardArrivals() {
    ArrayDeque<Arrival> left;
    lock.lock();
    try {
      left = new ArrayDeque<>(queue);
      queue.clear();
      queuedBytes = 0;
    } finally {
      lock.unlock();
    }
    left.forEach(arrival -> arrival.frame().payload().close());
  }

  // ---- called by the event loop

  /** A frame arrived; it is dropped when the channel is over. */
  void offer(Arrival arrival) {
    lock.lock();
    try {
      if (over.isEmpty()) {
        queue.add(arrival);
        queuedBytes += arrival.bytes();
        arrived.signal();
        return;
      }
    } finally {
      lock.unlock();
    }
    arrival.frame().payload().close();
  }

  /** Whether the queue holds all it may: the socket is read no more until {@link Wire#readOn}. */
  boolean full() {
    lock.lock();
    try {
      return isFull();
    } finally {
      lock.unlock();
    }
  }

  private boolean isFull() {
    return queuedBytes >= limits.queuedBytes();
  }

  /** So many bytes were taken by the socket, or are lost with it. */
  void left(long bytes) {
    lock.lock();
    try {
      sendingBytes -= bytes;
      if (sendingBytes < limits.sendingBytes()) drained.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing will arrive any more, and nothing can be sent. The first reason stays. */
  void end(String reason) {
    lock.lock();
    try {
      if (over.isEmpty()) over = Optional.of(reason);
      arrived.signalAll();
      drained.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
