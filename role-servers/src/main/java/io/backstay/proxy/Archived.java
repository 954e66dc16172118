package io.backstay.proxy;

import io.backstay.model.Session;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a storage how far its volume's archives have what the proxy got from it (rule X1). */
final class Archived implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Archived.class);
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final OpenVolume volume;
  private final Session session;
  private final Channel channel;
  private final Gate gate;
  private volatile boolean closed;

  private Archived(OpenVolume volume, Session session, Channel channel, Gate gate) {
    this.volume = volume;
    this.session = session;
    this.channel = channel;
    this.gate = gate;
  }

  static Archived begin(Time time, OpenVolume volume, Session session, Channel channel) {
    Archived archived = new Archived(volume, session, channel, volume.moved());
    time.fork("archived " + volume.name(), archived::run);
    return archived;
  }

  private void run() {
    long told = -1;
    try {
      while (!closed) {
        gate.await(LOOK);
        long gid = volume.archivedUpTo(session.number()).orElse(-1L);
        if (gid <= told || closed) continue;
        channel.send(Frame.of(new Message.WlogArchived(session.number(), gid)));
        told = gid;
      }
    } catch (IOException e) {
      LOG.debug("{} left: {}", channel.peer().name(), e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    gate.open();
  }
}
