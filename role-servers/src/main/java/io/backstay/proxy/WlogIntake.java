package io.backstay.proxy;

import io.backstay.model.Cut;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.proxy.IntervalConverter.Converted;
import io.backstay.seam.BufferPool;
import io.backstay.seam.NoSpaceException;
import io.backstay.server.RoleParts;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import io.backstay.wire.Reply;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxy's side of the conversation drawn in {@link Message.OpenWlog}. Three threads, one for
 * each line, each at another interval; all intervals go through them in order:
 *
 * <pre>
 *   receive an interval as a whole
 *   compare, convert, write: its memory is free then      {@link IntervalConverter}
 *   wdiff and sidecar durable; then WlogStored            {@link Spool}
 * </pre>
 */
final class WlogIntake {
  private static final Logger LOG = LoggerFactory.getLogger(WlogIntake.class);

  private final RoleParts parts;
  private final OpenVolume volume;
  private final Session session;
  private final int salt;
  private final BufferPool received;
  private final BufferPool memory;
  private final Channel channel;
  private final BlockingQueue<Optional<Interval>> complete = new ArrayBlockingQueue<>(1);
  private final BlockingQueue<Optional<Made>> converted = new ArrayBlockingQueue<>(1);
  private final AtomicBoolean left = new AtomicBoolean();

  /**
   * @param diff empty where it was here already
   */
  private record Made(Interval interval, Optional<Converted> diff) implements Closeable {
    @Override
    public void close() throws IOException {
      if (diff.isPresent()) diff.get().close();
    }
  }

  WlogIntake(
      RoleParts parts,
      OpenVolume volume,
      Message.OpenWlog open,
      BufferPool received,
      BufferPool memory,
      Channel channel) {
    this.parts = parts;
    this.volume = volume;
    this.session = open.session();
    this.salt = open.salt();
    this.received = received;
    this.memory = memory;
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
    if (bytes > received.bufferBytes())
      throw new IOException(
          "an interval of %d bytes, at most %d".formatted(bytes, received.bufferBytes()));
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
    Thread storing = parts.time().fork("store " + volume.name(), this::storeAll);
    try {
      for (Optional<Interval> next; (next = complete.take()).isPresent(); ) {
        try (Interval interval = next.get()) {
          if (!left.get()) convert(interval);
        }
      }
      converted.put(Optional.empty());
      storing.join();
    } catch (InterruptedException e) {
      storing.interrupt();
      Thread.currentThread().interrupt();
    }
  }

  private void convert(Interval interval) throws InterruptedException {
    orLeave(
        interval,
        () -> {
          Optional<Converted> made = Optional.empty();
          if (!volume.has(interval)) {
            try (ConversionMemory work = new ConversionMemory(memory.take(), compressors())) {
              made =
                  Optional.of(
                      new IntervalConverter(volume.record(), volume.spool(), parts.time())
                          .convert(interval, work));
            }
          }
          interval.close();
          converted.put(Optional.of(new Made(interval, made)));
        });
  }

  private int compressors() {
    return parts.config().transfers().compressors();
  }

  // ---- the storing thread

  private void storeAll() {
    try {
      for (Optional<Made> next; (next = converted.take()).isPresent(); ) store(next.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void store(Made made) throws InterruptedException {
    orLeave(
        made.interval,
        () -> {
          try (made) {
            if (left.get()) return;
            if (made.diff.isPresent()) volume.spool().add(made.diff.get());
          }
          long gid = made.interval.end().gid();
          channel.send(Frame.of(new Message.WlogStored(session.number(), gid)));
          volume.received(session.number(), gid);
        });
  }

  // ---- what goes wrong in either

  private interface Step {
    void run() throws RefusedException, IOException, InterruptedException;
  }

  private void orLeave(Interval interval, Step step) throws InterruptedException {
    try {
      step.run();
    } catch (NoSpaceException e) {
      leave(
          Refusal.of(RefusalCode.NO_SPACE, "the proxy has no space left")
              .attempted("take the log of %s".formatted(volume.name()))
              .found(e.getMessage())
              .next("make room on the proxy, or bring its archives back"));
    } catch (RefusedException e) {
      leave(e.refusal());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // Memory outside of the heap may be there again for the next conversation; but who died here
      // would let the others wait for ever.
      LOG.warn("volume {}: {}", volume.name(), e.toString(), e instanceof IOException ? null : e);
      leave(
          Refusal.of(RefusalCode.SERVER_FAILED, "the proxy could not take the log")
              .attempted("take %s to %s".formatted(interval.begin(), interval.end()))
              .found(e.toString()));
    }
  }

  /** Says why and ends the conversation; nothing more of it is converted or stored. */
  private void leave(Refusal refusal) throws InterruptedException {
    if (left.getAndSet(true)) return;
    try {
      channel.send(Frame.of(new Message.Answer(new Reply.Refused(refusal))));
    } catch (IOException e) {
      LOG.debug("{} left: {}", channel.peer().name(), e.getMessage());
    }
    channel.close();
  }
}
