package io.backstay.server;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import java.time.Duration;

/** Closes a channel unless this is closed first: the only way to wait for a peer with a limit. */
final class ChannelDeadline implements AutoCloseable {
  private final Channel channel;
  private final Duration limit;
  private final Gate done;
  private volatile boolean passed;

  private ChannelDeadline(Channel channel, Duration limit, Time time) {
    this.channel = channel;
    this.limit = limit;
    this.done = time.gate();
  }

  static ChannelDeadline start(Channel channel, Duration limit, Time time) {
    ChannelDeadline deadline = new ChannelDeadline(channel, limit, time);
    time.fork("deadline of " + channel.peer().name(), deadline::watch);
    return deadline;
  }

  private void watch() {
    try {
      if (done.await(limit)) return;
      passed = true;
      channel.close();
    } catch (InterruptedException processEnds) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the channel was closed because of it. */
  boolean passed() {
    return passed;
  }

  @Override
  public void close() {
    done.open();
  }
}
