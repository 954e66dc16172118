package io.backstay.proxy;

import io.backstay.model.Cut;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.BufferPool;
import io.backstay.seam.NoSpaceException;
import io.backstay.server.RoleParts;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxy's side of the conversation drawn in {@link Message.OpenWlog}. One thread receives the
 * next interval while another one converts the last:
 *
 * <pre>
 *   receive an interval as a whole                        this thread
 *   compare, convert                                      {@link IntervalConverter}
 *   wdiff and sidecar durable                             {@link Spool}
 *   WlogStored: the storage may let go of it              the converting thread
 * </pre>
 */
final class WlogIntake {
  private static final Logger LOG = LoggerFactory.getLogger(WlogIntake.class);

  private final RoleParts parts;
  private final OpenVolume volume;
  private final Session session;
  private final int salt;
  private final BufferPool received;
  private final BufferPool converted;
  private final Channel channel;

  /** Room for one that waits and for the end: whoever receives never waits for a dead thread. */
  private final BlockingQueue<Optional<Interval>> complete = new ArrayBlockingQueue<>(2);

  private volatile boolean failed;

  WlogIntake(
      RoleParts parts,
      OpenVolume volume,
      Message.OpenWlog open,
      BufferPool received,
      BufferPool converted,
      Channel channel) {
    this.parts = parts;
    this.volume = volume;
    this.session = open.session();
    this.salt = open.salt();
    this.received = received;
    this.converted = converted;
    this.channel = channel;
  }

  /**
   * @param newer the record that the storage is to take
   */
  void run(Optional<Signed> newer) throws IOException, InterruptedException {
    channel.send(Frame.of(new Message.WlogReady(newer)));
    Thread converter = parts.time().fork("convert " + volume.name(), this::convertAll);
    try (Archived archived = Archived.begin(parts.time(), volume, session, channel)) {
      while (true) receive();
    } finally {
      complete.put(Optional.empty());
      converter.join();
      forgetAll();
    }
  }

  private void receive() throws IOException, InterruptedException {
    Frame frame = channel.receive();
    switch (frame.message()) {
      case Message.WlogInterval(Cut begin, Cut end) -> interval(begin, end);
      case Message.WlogIdle(int number, long gid, java.time.Instant at) ->
          volume.idle(number, gid, at);
      case Message other -> {
        frame.payload().close();
        throw new IOException("a wlog transfer got " + other);
      }
    }
  }

  private void interval(Cut begin, Cut end) throws IOException, InterruptedException {
    if (begin.session() != session.number())
      throw new IOException("%s is not a cut of %s".formatted(begin, session));
    long bytes = Interval.bytes(begin, end);
    if (bytes > WlogIntakes.INTERVAL_BYTES_MAX)
      throw new IOException(
          "an interval of %d bytes, at most %d".formatted(bytes, WlogIntakes.INTERVAL_BYTES_MAX));
    BufferPool.Lease lease = received.take();
    try {
      fill(lease.buffer().clear().limit((int) bytes), begin.lsid());
    } catch (IOException | InterruptedException | RuntimeException e) {
      lease.close();
      throw e;
    }
    complete.put(Optional.of(new Interval(session, salt, begin, end, lease)));
  }

  private void fill(ByteBuffer into, long beginLsid) throws IOException, InterruptedException {
    while (into.hasRemaining()) {
      Frame frame = channel.receive();
      try (Payload payload = frame.payload()) {
        long lsid = beginLsid + into.position() / Interval.BLOCK_BYTES;
        if (!(frame.message() instanceof Message.WlogPacks packs)
            || packs.lsid() != lsid
            || payload.sizeBytes() == 0
            || payload.sizeBytes() % Interval.BLOCK_BYTES != 0
            || payload.sizeBytes() > into.remaining())
          throw new IOException(
              "expected packs from lsid %d, at most %d bytes; came %s with %d"
                  .formatted(lsid, into.remaining(), frame.message(), payload.sizeBytes()));
        if (payload.firstDamagedBlock() >= 0)
          throw new IOException("the packs at lsid %d were damaged on their way".formatted(lsid));
        into.put(payload.bytes());
      }
    }
    into.flip();
  }

  // ---- the converting thread

  private void convertAll() {
    try {
      for (Optional<Interval> next; (next = complete.take()).isPresent(); ) {
        try (Interval interval = next.get()) {
          if (!failed) convert(interval);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // Also where it ended in a way that nobody foresaw, as without memory: the storage hears of
      // it, and goes to another proxy or comes again.
      channel.close();
      forgetAll();
    }
  }

  private void forgetAll() {
    for (Optional<Interval> left; (left = complete.poll()) != null; )
      left.ifPresent(Interval::close);
  }

  private void convert(Interval interval) throws InterruptedException {
    try {
      if (!volume.has(interval)) store(interval);
      channel.send(Frame.of(new Message.WlogStored(session.number(), interval.end().gid())));
      volume.received(session.number(), interval.end().gid());
    } catch (NoSpaceException e) {
      leave(
          Refusal.of(RefusalCode.NO_SPACE, "the proxy has no space left")
              .attempted("take the log of %s".formatted(volume.name()))
              .found(e.getMessage())
              .next("make room on the proxy, or bring its archives back"));
    } catch (RefusedException e) {
      leave(e.refusal());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      LOG.warn("volume {}: {}", volume.name(), e.toString(), e instanceof IOException ? null : e);
      leave(
          Refusal.of(RefusalCode.SERVER_FAILED, "the proxy could not take the log")
              .attempted("take %s to %s".formatted(interval.begin(), interval.end()))
              .found(e.toString()));
    }
  }

  private void store(Interval interval) throws RefusedException, IOException, InterruptedException {
    try (BufferPool.Lease output = converted.take()) {
      IntervalConverter.Converted made =
          new IntervalConverter(volume.record()).convert(interval, output.buffer());
      volume.spool().add(made.sidecar(), made.diff(), made.content());
    }
  }

  /** Says why and ends the conversation; nothing more of it is converted. */
  private void leave(Refusal refusal) throws InterruptedException {
    failed = true;
    try {
      channel.send(Frame.of(new Message.Answer(new Reply.Refused(refusal))));
    } catch (IOException e) {
      LOG.debug("{} left: {}", channel.peer().name(), e.getMessage());
    }
    channel.close();
  }
}
