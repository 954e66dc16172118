package io.backstay.server;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection that carries one request at a time. A thread of its own listens all the while, so
 * that a line whose server died is known to be dead before the next request is given to it.
 */
final class RequestLine implements AutoCloseable {
  private final Channel channel;
  private final Time time;
  private final ReentrantLock lock = new ReentrantLock();

  /** Opened when a reply came or the line ended. */
  private final Gate changed;

  private Optional<Reply> reply = Optional.empty();
  private Optional<IOException> ended = Optional.empty();
  private boolean asked;

  RequestLine(Channel channel, Time time) {
    this.channel = channel;
    this.time = time;
    this.changed = time.gate();
    time.fork("replies of " + channel.peer().name(), this::listen);
  }

  boolean alive() {
    lock.lock();
    try {
      return ended.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Asks and waits for the reply. After any exception the line is of no more use and closed.
   *
   * @throws IOException when the connection ended, or the limit passed, before the reply
   */
  Reply ask(Command command, Duration limit) throws IOException, InterruptedException {
    boolean answered = false;
    try {
      expectReply();
      channel.send(Frame.of(new Message.Request(command)));
      Reply received = awaitReply(limit);
      answered = true;
      return received;
    } finally {
      if (!answered) close();
    }
  }

  private void expectReply() throws IOException {
    lock.lock();
    try {
      requireOpen();
      asked = true;
    } finally {
      lock.unlock();
    }
  }

  private Reply awaitReply(Duration limit) throws IOException, InterruptedException {
    long deadline = time.nanos() + limit.toNanos();
    while (true) {
      Optional<Reply> taken = takeReply();
      if (taken.isPresent()) return taken.get();
      long left = deadline - time.nanos();
      if (left <= 0) throw new IOException("no reply within " + limit.toSeconds() + " s");
      changed.await(Duration.ofNanos(left));
    }
  }

  private Optional<Reply> takeReply() throws IOException {
    lock.lock();
    try {
      Optional<Reply> taken = reply;
      reply = Optional.empty();
      if (taken.isEmpty()) requireOpen();
      if (taken.isPresent()) asked = false;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() throws ChannelClosedException {
    if (ended.isPresent()) throw new ChannelClosedException(ended.get().getMessage(), ended.get());
  }

  private void listen() {
    try {
      while (true) {
        Frame frame = channel.receive();
        frame.payload().close();
        if (!(frame.message() instanceof Message.Answer(Reply received)) || !arrived(received)) {
          throw new IOException(
              "%s sent a %s that nobody asked for"
                  .formatted(channel.peer().name(), frame.message().getClass().getSimpleName()));
        }
      }
    } catch (IOException e) {
      end(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      end(new ChannelClosedException("interrupted", e));
    }
  }

  /** False when nobody waits for it. */
  private boolean arrived(Reply received) {
    lock.lock();
    try {
      if (!asked || reply.isPresent()) return false;
      reply = Optional.of(received);
    } finally {
      lock.unlock();
    }
    changed.open();
    return true;
  }

  private void end(IOException reason) {
    lock.lock();
    try {
      ended = Optional.of(reason);
    } finally {
      lock.unlock();
    }
    channel.close();
    changed.open();
  }

  @Override
  public void close() {
    channel.close();
  }
}
