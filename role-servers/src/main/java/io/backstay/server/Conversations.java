package io.backstay.server;

import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Network;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of every connection to a server, from accept to the last reply, the same for all roles:
 * one virtual thread per connection, Hello, then a {@link Conversation}. Works on any {@link
 * Network}.
 */
public final class Conversations implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Conversations.class);

  /** After an error that does not end the listener, such as no free file descriptor. */
  private static final Duration ACCEPT_PAUSE = Duration.ofSeconds(1);

  private final Network.Listener listener;
  private final HelloHandshake hello;
  private final RoleService service;
  private final Supplier<Reply.ServerFacts> facts;
  private final MeterRegistry metrics;
  private final Time time;
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * @param facts what the server says of itself when asked to {@link
   *     io.backstay.wire.Command.Describe}
   */
  public Conversations(
      Network.Listener listener,
      HelloHandshake hello,
      RoleService service,
      Supplier<Reply.ServerFacts> facts,
      MeterRegistry metrics,
      Time time) {
    this.listener = Objects.requireNonNull(listener, "listener");
    this.hello = Objects.requireNonNull(hello, "hello");
    this.service = Objects.requireNonNull(service, "service");
    this.facts = Objects.requireNonNull(facts, "facts");
    this.metrics = Objects.requireNonNull(metrics, "metrics");
    this.time = Objects.requireNonNull(time, "time");
    Gauge.builder("backstay.conversations", open, Set::size)
        .description("open connections of other servers, workers and operators")
        .register(metrics);
  }

  /** Begins to take connections. */
  public void start() {
    time.fork("accept at " + listener.address(), this::acceptAll);
  }

  /** Where others connect to, with the real port. */
  public String address() {
    return listener.address();
  }

  private void acceptAll() {
    try {
      while (!closed) acceptOne();
    } catch (InterruptedException processEnds) {
      Thread.currentThread().interrupt();
    }
  }

  private void acceptOne() throws InterruptedException {
    try {
      Channel channel = listener.accept();
      open.add(channel);
      // Whoever closes sets the mark first and then looks at what is open.
      if (closed) channel.close();
      time.fork("conversation with " + channel.peer().name(), () -> serve(channel));
    } catch (ChannelClosedException e) {
      LOG.debug("no more connections are taken: {}", e.getMessage());
      closed = true;
    } catch (IOException e) {
      LOG.error("no connection could be accepted at {}", listener.address(), e);
      time.sleep(ACCEPT_PAUSE);
    }
  }

  private void serve(Channel channel) {
    String who = channel.peer().name();
    try (channel) {
      HelloHandshake.Agreement agreement = hello.answer(channel);
      LOG.debug("{} ({}) is connected", who, agreement.software());
      new Conversation(channel, service, facts, metrics, time).run();
    } catch (RefusedException e) {
      LOG.warn("{} was refused: {}: {}", who, e.refusal().message(), e.refusal().found());
    } catch (ChannelClosedException e) {
      LOG.debug("{} left: {}", who, e.getMessage());
    } catch (IOException e) {
      LOG.warn("connection with {} closed: {}", who, e.getMessage());
    } catch (InterruptedException processEnds) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(channel);
    }
  }

  /** Takes no more connections. Those that are open go on. */
  public void stopListening() {
    listener.close();
  }

  /** Takes no more connections and closes those that are open. */
  @Override
  public void close() {
    closed = true;
    listener.close();
    open.forEach(Channel::close);
  }
}
