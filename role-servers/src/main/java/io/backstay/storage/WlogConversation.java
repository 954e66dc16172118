package io.backstay.storage;

import io.backstay.image.Pace;
import io.backstay.log.CutFeed;
import io.backstay.log.LogExtract;
import io.backstay.model.Cut;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import io.backstay.wire.Reply;
import io.backstay.wlog.PackHeader;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The storage's side of the conversation drawn in {@link Message.OpenWlog}. */
final class WlogConversation {
  /** Intervals that are on their way, of at most 32 MiB and one pack each. */
  private static final int IN_FLIGHT = 4;

  private static final int BLOCK_BYTES = LoggedVolumes.BLOCK_BYTES;
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** How often a proxy that stands earlier in the record is looked for (rule X1). */
  private static final Duration RETURN_EVERY = Duration.ofSeconds(10);

  /** How often an idle volume says that it is idle (rule M4). */
  private static final Duration IDLE_EVERY = Duration.ofSeconds(5);

  /** The transfer lets a burst of writes go first; whether it still lasts is asked so often. */
  private static final Duration YIELD = Duration.ofMillis(2);

  /** No interval becomes older than that by yielding. */
  private static final Duration YIELD_MOST = Duration.ofSeconds(1);

  private final WlogSender sender;
  private final Channel channel;
  private final LogExtract extract;
  private final Session session;
  private final CutFeed feed;
  private final Time time;
  private final Pace pace;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition answered = lock.newCondition();
  private final ArrayDeque<Cut> inFlight = new ArrayDeque<>();
  private final ArrayDeque<Cut> unarchived = new ArrayDeque<>();
  private Optional<IOException> over = Optional.empty();
  private boolean moved;
  private long recordVersion;
  private Cut last;
  private long idleNanos;
  private long yieldUntil;

  /**
   * @param from the first interval begins there
   */
  WlogConversation(
      WlogSender sender, Channel channel, LogExtract extract, Session session, Cut from) {
    this.sender = sender;
    this.channel = channel;
    this.extract = extract;
    this.session = session;
    this.last = from;
    this.feed = sender.feed();
    this.time = sender.parts().time();
    this.pace = sender.pace();
  }

  /** Both sides keep the newer record of theirs (rule M3). */
  void open() throws RefusedException, IOException, InterruptedException {
    recordVersion = sender.recordVersion();
    Signed record =
        sender.records().signed().orElseThrow(() -> new IOException("the volume has no record"));
    channel.send(Frame.of(new Message.OpenWlog(record, session, extract.salt(), BLOCK_BYTES)));
    switch (channel.receive().message()) {
      case Message.WlogReady(Optional<Signed> newer) -> {
        if (newer.isPresent()) sender.records().take(newer.get());
      }
      case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
      case Message other ->
          throw new IOException("the opening of a log was answered with " + other);
    }
    time.fork("wlog answers", this::receive);
  }

  /**
   * Sends interval after interval until the session or the connection is over, the volume has
   * another record, or a proxy that stands before this one in the record is there again.
   *
   * @param later this proxy, where it is not the first one
   */
  void untilOver(Optional<String> later) throws IOException, InterruptedException {
    long looked = time.nanos();
    while (!sender.isStopped() && isCurrent()) {
      requireOpen();
      Optional<Cut> next = feed.after(last);
      if (next.isPresent()) {
        send(last, next.get());
        last = next.get();
        idleNanos = time.nanos();
      } else {
        if (nothingInFlight()) sender.taken();
        feed.recorded().await(LOOK);
        sayIdle();
      }
      if (later.isPresent() && time.nanos() - looked >= RETURN_EVERY.toNanos()) {
        if (isEarlierThere(later.get())) break;
        looked = time.nanos();
      }
    }
    if (!sender.isStopped()) awaitInFlight(0);
  }

  private boolean isCurrent() {
    return feed.session().equals(Optional.of(session)) && sender.recordVersion() == recordVersion;
  }

  private boolean isEarlierThere(String name) throws InterruptedException {
    List<String> proxies = sender.shipping().proxies();
    for (String earlier : proxies.subList(0, Math.max(0, proxies.indexOf(name)))) {
      try (Channel other = sender.parts().dial(earlier)) {
        return true;
      } catch (IOException e) {
        continue;
      }
    }
    return false;
  }

  private void send(Cut begin, Cut end) throws IOException, InterruptedException {
    awaitInFlight(IN_FLIGHT - 1);
    lock.lock();
    try {
      inFlight.add(end);
    } finally {
      lock.unlock();
    }
    Duration age = Duration.between(end.time(), time.now());
    yieldUntil =
        time.nanos() + Math.clamp(YIELD_MOST.minus(age).toNanos(), 0, YIELD_MOST.toNanos());
    channel.send(Frame.of(new Message.WlogInterval(begin, end)));
    for (long lsid = begin.lsid(); lsid < end.lsid(); ) lsid = sendStretch(lsid, end.lsid());
  }

  /**
   * @return where the next stretch begins
   */
  private long sendStretch(long lsid, long endLsid) throws IOException, InterruptedException {
    while (sender.writersGoFirst() && time.nanos() < yieldUntil) time.sleep(YIELD);
    BufferPool.Lease lease = sender.buffers().take();
    Payload payload;
    long next;
    try {
      List<PackHeader> packs = extract.read(lsid, endLsid, lease.buffer());
      next = packs.getLast().nextLsid();
      payload = Payload.of(lease.buffer(), lease::close);
    } catch (IOException | RuntimeException e) {
      lease.close();
      throw e;
    }
    try {
      pace.await(payload.sizeBytes(), sender::isStopped);
    } catch (InterruptedException e) {
      payload.close();
      throw e;
    }
    channel.send(new Frame(new Message.WlogPacks(lsid), payload));
    return next;
  }

  private void awaitInFlight(int most) throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (inFlight.size() > most && over.isEmpty()) answered.await();
      if (over.isPresent()) throw over.get();
    } finally {
      lock.unlock();
    }
  }

  private boolean nothingInFlight() {
    lock.lock();
    try {
      return inFlight.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() throws IOException {
    lock.lock();
    try {
      if (over.isPresent()) throw over.get();
    } finally {
      lock.unlock();
    }
  }

  /** Evidence, not belief: that an idle volume is as its newest cut says (rule M4). */
  private void sayIdle() throws IOException, InterruptedException {
    if (time.nanos() - idleNanos < IDLE_EVERY.toNanos()) return;
    if (!nothingInFlight()) return;
    Optional<Instant> quiet = feed.quietSince(last);
    if (quiet.isEmpty()) return;
    idleNanos = time.nanos();
    channel.send(Frame.of(new Message.WlogIdle(session.number(), last.gid(), quiet.get())));
  }

  // ---- the receiving thread

  private void receive() {
    try {
      while (true) receiveOne();
    } catch (IOException e) {
      end(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      end(new IOException(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void receiveOne() throws IOException, InterruptedException {
    switch (channel.receive().message()) {
      case Message.WlogStored(int number, long gid) -> {
        Cut cut = stored(number, gid);
        sender.stored(cut);
      }
      case Message.WlogArchived(int number, long gid) -> archived(number, gid);
      case Message.Answer(Reply.Refused refused) ->
          throw new ChannelClosedException(
              "%s: %s".formatted(refused.refusal().message(), refused.refusal().found()));
      case Message other -> throw new IOException("a proxy answered the log with " + other);
    }
  }

  private Cut stored(int number, long gid) throws IOException {
    lock.lock();
    try {
      Cut first = inFlight.peek();
      if (first == null || first.session() != number || first.gid() != gid)
        throw new IOException(
            "a proxy has gid %d of session %d, what it was to have next is %s"
                .formatted(gid, number, first));
      inFlight.poll();
      unarchived.add(first);
      moved = true;
      answered.signalAll();
      return first;
    } finally {
      lock.unlock();
    }
  }

  private void archived(int number, long gid) {
    Optional<Cut> newest = Optional.empty();
    lock.lock();
    try {
      while (!unarchived.isEmpty()
          && unarchived.peek().session() == number
          && unarchived.peek().gid() <= gid) newest = Optional.of(unarchived.poll());
    } finally {
      lock.unlock();
    }
    newest.ifPresent(sender::archived);
  }

  private void end(IOException cause) {
    lock.lock();
    try {
      if (over.isEmpty()) over = Optional.of(cause);
      answered.signalAll();
    } finally {
      lock.unlock();
    }
    // Whoever waits for new cuts looks again.
    feed.recorded().open();
  }

  /** Whether the proxy took anything. */
  boolean moved() {
    return moved;
  }

  void end() {
    channel.close();
  }
}
