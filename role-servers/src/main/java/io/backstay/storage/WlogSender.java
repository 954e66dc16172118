package io.backstay.storage;

import io.backstay.image.Pace;
import io.backstay.log.CutFeed;
import io.backstay.log.LogExtract;
import io.backstay.log.LogGivenUpException;
import io.backstay.log.LogPosition;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Session;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Delays;
import io.backstay.seam.Gate;
import io.backstay.server.RoleParts;
import io.backstay.wire.Channel;
import io.backstay.wire.Reply.ShippingFacts;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the log of one volume to its proxies (rule X1), for as long as the volume is served. The
 * way of a stretch of log:
 *
 * <pre>
 *   a cut is recorded                         (rule M1)
 *   to the first proxy in order that takes it, one interval between two cuts after the other
 *   the proxy has it durably                  WlogStored
 *   or all archives have it                   WlogArchived, where the volume waits for that
 *   the log up to that cut is let go of       (rule L4)
 * </pre>
 *
 * <p>What was not answered when a connection ends is sent again, to whoever takes it: everybody
 * knows intervals by session and gids, so that nothing happens the second time.
 */
final class WlogSender implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(WlogSender.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration RETRY_MIN = Duration.ofMillis(500);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);

  private final RoleParts parts;
  private final Records records;
  private final String volume;
  private final LoggedVolume log;
  private final CutFeed feed;
  private final Gate kicked;
  private final BufferPool buffers;

  private volatile boolean stopped;
  private volatile Optional<Cut> sent = Optional.empty();
  private volatile Optional<Cut> archived = Optional.empty();
  private volatile Optional<String> proxy = Optional.empty();
  private volatile Optional<Instant> failingSince = Optional.empty();
  private volatile Optional<String> trouble = Optional.empty();
  private Optional<Channel> open = Optional.empty();

  /** The record of the volume, which others may have a newer version of (rule M3). */
  interface Records {
    Optional<Signed> signed();

    Optional<ProtectionRecord> record();

    void take(Signed newer) throws RefusedException, IOException;
  }

  WlogSender(RoleParts parts, Records records, LoggedVolume log) {
    this.parts = parts;
    this.records = records;
    this.volume = log.name();
    this.log = log;
    this.feed = log.feed();
    this.kicked = parts.time().gate();
    this.buffers = parts.buffers(2, LogExtract.STRETCH_BYTES);
  }

  Shipping shipping() {
    return records.record().flatMap(ProtectionRecord::shipping).orElse(Shipping.NONE);
  }

  @Override
  public void run() {
    try {
      for (Duration delay = RETRY_MIN; !stopped; ) {
        Optional<Session> session = feed.session();
        List<String> proxies = shipping().proxies();
        if (session.isEmpty() || proxies.isEmpty()) {
          forget();
          feed.recorded().await(LOOK);
          continue;
        }
        releaseSent();
        boolean moved = passOn(session.get(), proxies);
        delay = moved ? RETRY_MIN : Delays.longer(delay, RETRY_MAX);
        if (!stopped) kicked.await(delay);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Nobody follows the log: nothing is known to be sent of it. */
  private void forget() {
    sent = Optional.empty();
    archived = Optional.empty();
    failingSince = Optional.empty();
    trouble = Optional.empty();
  }

  /** One conversation with the first proxy that takes the log; whether any of it was taken. */
  private boolean passOn(Session session, List<String> proxies) throws InterruptedException {
    for (String name : proxies) {
      if (stopped) return false;
      try (Channel channel = parts.dial(name)) {
        return converse(session, name, channel);
      } catch (LogGivenUpException e) {
        LOG.info("volume {}: {}", volume, e.getMessage());
        return false;
      } catch (RefusedException e) {
        failed(name, e.refusal().message());
      } catch (IOException e) {
        failed(name, String.valueOf(e.getMessage()));
      } catch (RuntimeException | OutOfMemoryError e) {
        // There may be memory again; without this thread nothing is ever sent.
        failed(name, e.toString());
        LOG.error("volume {}: sending its log", volume, e);
      }
    }
    return false;
  }

  private boolean converse(Session session, String name, Channel channel)
      throws RefusedException, IOException, InterruptedException {
    if (!isOpen(channel)) return false;
    LogExtract extract = log.extract();
    if (!extract.uuid().equals(session.uuid())) return false;
    Cut from = resumeAt(session);
    WlogConversation conversation = new WlogConversation(this, channel, extract, session, from);
    try {
      conversation.open();
      proxy = Optional.of(name);
      conversation.untilOver(isFirst(name) ? Optional.empty() : Optional.of(name));
      return conversation.moved();
    } finally {
      proxy = Optional.empty();
      conversation.end();
    }
  }

  private boolean isFirst(String name) {
    return shipping().proxies().indexOf(name) <= 0;
  }

  private synchronized boolean isOpen(Channel channel) {
    open = Optional.of(channel);
    return !stopped;
  }

  /** What a proxy has is let go of where that is enough now: it may not have been before. */
  private void releaseSent() {
    if (shipping().releaseOn() == ReleaseOn.PROXY) sent.ifPresent(cut -> log.release(cut.lsid()));
  }

  /**
   * Where the next conversation begins: behind what need not be sent again, and not before what is
   * kept. Log that was let go of when a proxy had it is not there any more when the volume waits
   * for its archives from then on (rule X1).
   */
  private Cut resumeAt(Session session) throws IOException {
    Optional<Cut> known = shipping().releaseOn() == ReleaseOn.ARCHIVE ? archived : sent;
    Optional<Cut> oldest = feed.oldest();
    return known
        .filter(cut -> cut.session() == session.number())
        .filter(cut -> oldest.isEmpty() || cut.gid() >= oldest.get().gid())
        .or(() -> oldest)
        .filter(cut -> cut.session() == session.number())
        .orElseThrow(() -> new IOException("session %d has no cut".formatted(session.number())));
  }

  /** The reason first: whoever is told that it fails asks why. */
  private void failed(String name, String reason) {
    trouble = Optional.of("%s: %s".formatted(name, reason));
    if (failingSince.isEmpty()) {
      failingSince = Optional.of(parts.time().now());
      LOG.warn("volume {}: {} does not take its log: {}", volume, name, reason);
    }
  }

  // ---- what a conversation needs and says

  RoleParts parts() {
    return parts;
  }

  /** Version of the volume's record now; a conversation under an older one ends (rule M3). */
  long recordVersion() {
    return records.record().map(ProtectionRecord::version).orElse(0L);
  }

  Records records() {
    return records;
  }

  CutFeed feed() {
    return feed;
  }

  BufferPool buffers() {
    return buffers;
  }

  Pace pace() {
    return new Pace(parts.time(), () -> shipping().bytesPerSecondMax());
  }

  boolean isStopped() {
    return stopped;
  }

  /** Whether a transfer is to let a burst of writes go first: the log has much room for it. */
  boolean writersGoFirst() {
    LogPosition now = log.position();
    return log.isPressed() && now.latest() - now.oldest() < now.capacityBlocks() / 2;
  }

  /** A proxy has everything up to that cut. */
  void stored(Cut cut) {
    taken();
    sent = Optional.of(cut);
    if (shipping().releaseOn() == ReleaseOn.PROXY) log.release(cut.lsid());
  }

  /**
   * The proxy stored an interval, or has all there is. That it lets the log be opened says nothing:
   * one whose disk is full does that, too.
   */
  void taken() {
    if (failingSince.isPresent())
      LOG.info("volume {}: {} takes its log", volume, proxy.orElse("?"));
    failingSince = Optional.empty();
    trouble = Optional.empty();
  }

  /** All archives have everything up to that cut. */
  void archived(Cut cut) {
    archived = Optional.of(cut);
    log.release(cut.lsid());
  }

  // ---- from outside

  /** Tries now, whatever failed before. */
  void kick() {
    kicked.open();
    feed.recorded().open();
  }

  void stop() {
    Optional<Channel> now;
    synchronized (this) {
      stopped = true;
      now = open;
    }
    now.ifPresent(Channel::close);
    kick();
  }

  Optional<ShippingFacts> facts() {
    if (feed.session().isEmpty()) return Optional.empty();
    long durable = log.position().durable();
    long block = LoggedVolumes.BLOCK_BYTES;
    long oldest = feed.oldest().map(Cut::lsid).orElse(durable);
    return Optional.of(
        new ShippingFacts(
            proxy,
            Math.max(0, durable - sent.map(Cut::lsid).orElse(oldest)) * block,
            Math.max(0, durable - archived.map(Cut::lsid).orElse(oldest)) * block,
            sent,
            failingSince,
            shipping().proxies().isEmpty()
                ? Optional.of("its record names no proxy, so its log is not sent")
                : trouble,
            sent.or(feed::oldest).flatMap(feed::after).flatMap(Cut::firstWrite),
            sent.filter(this::isLetGo).or(feed::oldest).map(Cut::gid)));
  }

  /** Several cuts may lie at one place of the log; the oldest that is kept is the first of them. */
  private boolean isLetGo(Cut cut) {
    return cut.lsid() <= log.position().oldest();
  }
}
