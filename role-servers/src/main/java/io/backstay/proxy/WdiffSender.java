package io.backstay.proxy;

import io.backstay.image.Pace;
import io.backstay.model.Bytes;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Shipping;
import io.backstay.model.Signed;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Delays;
import io.backstay.seam.Gate;
import io.backstay.server.RoleParts;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.WdiffVerdict;
import io.backstay.wire.Payload;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the diffs of one volume to one archive, one after the other on one connection, for as long
 * as the proxy runs (rule X2): the proxy's side of the conversation drawn in {@link
 * Message.OpenWdiffs}. What fails is tried again, with delay, without end.
 */
final class WdiffSender implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(WdiffSender.class);
  private static final Duration LOOK = Duration.ofSeconds(5);
  private static final Duration RETRY_MIN = Duration.ofMillis(500);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);

  private final RoleParts parts;
  private final OpenVolume volume;
  private final String archive;
  private final Gate arrivals;
  private final Gate kicked;
  private Thread thread;

  /** Diffs that the archive has others of the same gids for: kept, and not offered again. */
  private final Set<SpooledDiff> inConflict = ConcurrentHashMap.newKeySet();

  private Optional<OpenVolume.Idle> told = Optional.empty();
  private volatile boolean stopped;
  private volatile Optional<Instant> failingSince = Optional.empty();
  private volatile Optional<String> trouble = Optional.empty();
  private Optional<Channel> open = Optional.empty();

  private WdiffSender(RoleParts parts, OpenVolume volume, String archive) {
    this.parts = parts;
    this.volume = volume;
    this.archive = archive;
    this.arrivals = volume.spool().arrivals(archive);
    this.kicked = parts.time().gate();
  }

  static WdiffSender begin(RoleParts parts, OpenVolume volume, String archive) {
    WdiffSender sender = new WdiffSender(parts, volume, archive);
    String name = "send diffs of %s to %s".formatted(volume.name(), archive);
    sender.thread = parts.time().fork(name, sender);
    return sender;
  }

  @Override
  public void run() {
    try {
      for (Duration delay = RETRY_MIN; !stopped; ) {
        if (next().isEmpty() && idle().isEmpty()) {
          arrivals.await(LOOK);
          continue;
        }
        boolean moved = converse();
        delay = moved ? RETRY_MIN : Delays.longer(delay, RETRY_MAX);
        if (!stopped) kicked.await(delay);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Optional<SpooledDiff> next() {
    return volume.spool().next(archive, inConflict);
  }

  /** Evidence that was not told yet. */
  private Optional<OpenVolume.Idle> idle() {
    return volume.idle().filter(now -> !told.equals(Optional.of(now)));
  }

  /** Whether the archive has taken anything. */
  private boolean converse() throws InterruptedException {
    boolean moved = false;
    try (Channel channel = parts.dial(archive)) {
      if (!isOpen(channel)) return false;
      long recordVersion = volume.recordVersion();
      begin(channel);
      Pace pace = new Pace(parts.time(), this::bytesPerSecondMax);
      // Under another record another conversation, so that both sides go by the newest (rule M3).
      while (!stopped && volume.recordVersion() == recordVersion) {
        Optional<SpooledDiff> diff = next();
        if (diff.isPresent()) {
          if (!offer(channel, diff.get(), pace)) return moved;
          moved = true;
          succeeded();
        } else if (idle().isPresent()) {
          say(channel, idle().get());
          succeeded();
        } else {
          arrivals.await(LOOK);
        }
      }
    } catch (RefusedException e) {
      failed(e.refusal().message());
    } catch (IOException e) {
      if (!stopped) failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException | OutOfMemoryError e) {
      // There may be memory again; without this thread nothing is ever sent.
      failed(e.toString());
      LOG.error("volume {}: to {}", volume.name(), archive, e);
    }
    return moved;
  }

  private long bytesPerSecondMax() {
    return volume
        .known()
        .record()
        .flatMap(ProtectionRecord::shipping)
        .map(Shipping::diffBytesPerSecondMax)
        .orElse(0L);
  }

  private synchronized boolean isOpen(Channel channel) {
    open = Optional.of(channel);
    return !stopped;
  }

  private void begin(Channel channel) throws RefusedException, IOException, InterruptedException {
    Signed signed = volume.known().signed().orElseThrow(() -> new IOException("it was cleared"));
    channel.send(Frame.of(new Message.OpenWdiffs(signed)));
    switch (channel.receive().message()) {
      case Message.WdiffsReady(Optional<Signed> newer) -> {
        if (newer.isPresent()) take(newer.get());
      }
      case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
      case Message other -> throw new IOException("diffs were answered with " + other);
    }
  }

  private void take(Signed newer) throws RefusedException, IOException {
    ProtectionRecord record = parts.records().check(newer);
    volume.take(newer, record);
  }

  /**
   * @return whether to go on with the next one
   */
  private boolean offer(Channel channel, SpooledDiff diff, Pace pace)
      throws RefusedException, IOException, InterruptedException {
    DiffSidecar sidecar = volume.spool().sidecar(diff);
    channel.send(Frame.of(new Message.WdiffOffer(Bytes.of(sidecar.encode()))));
    WdiffVerdict verdict = verdict(channel, diff);
    if (verdict.verdict() == WdiffVerdict.Verdict.ACCEPT) {
      send(channel, diff, pace);
      verdict = verdict(channel, diff);
    }
    return settle(diff, verdict);
  }

  private boolean settle(SpooledDiff diff, WdiffVerdict verdict)
      throws RefusedException, IOException {
    List<String> archives = volume.record().archives();
    return switch (verdict.verdict()) {
      case HAVE_IT -> {
        volume.spool().delivered(diff, archive, archives);
        volume.moved().open();
        yield true;
      }
      case CLOSED_SESSION -> {
        LOG.warn(
            "volume {}: {} takes no more of session {}: {}",
            volume.name(),
            archive,
            diff.session(),
            verdict.found());
        volume.spool().refused(diff, archive, archives);
        yield true;
      }
      case GID_CONFLICT -> {
        LOG.error(
            "volume {}: {} has another {}: {}",
            volume.name(),
            archive,
            diff.diff(),
            verdict.found());
        inConflict.add(diff);
        failed("%s is in conflict: %s".formatted(diff.diff(), verdict.found()));
        yield true;
      }
      case NEWER_RECORD -> false;
      case STOPPED, TOO_SMALL, UNKNOWN_VOLUME, NO_SPACE, DAMAGED -> {
        failed("%s: %s".formatted(verdict.verdict().word(), verdict.found()));
        yield false;
      }
      case ACCEPT -> throw new IOException("%s was accepted twice".formatted(diff.diff()));
    };
  }

  private WdiffVerdict verdict(Channel channel, SpooledDiff diff)
      throws RefusedException, IOException, InterruptedException {
    return switch (channel.receive().message()) {
      case WdiffVerdict verdict
          when verdict.session() == diff.session() && verdict.gid() == diff.gid() ->
          verdict;
      case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
      case Message other ->
          throw new IOException("%s was answered with %s".formatted(diff.diff(), other));
    };
  }

  private void send(Channel channel, SpooledDiff diff, Pace pace)
      throws IOException, InterruptedException {
    try (BlockDevice file = volume.spool().open(diff)) {
      for (long at = 0; at < diff.fileBytes(); ) {
        BufferPool.Lease lease = parts.pool().take();
        Payload payload;
        try {
          int length = (int) Math.min(parts.pool().bufferBytes(), diff.fileBytes() - at);
          file.read(at, lease.buffer().clear().limit(length));
          payload = Payload.of(lease.buffer().flip(), lease::close);
        } catch (IOException | RuntimeException e) {
          lease.close();
          throw e;
        }
        long offset = at;
        at += payload.sizeBytes();
        try {
          pace.await(payload.sizeBytes(), () -> stopped);
        } catch (InterruptedException e) {
          payload.close();
          throw e;
        }
        channel.send(new Frame(new Message.WdiffPiece(offset), payload));
      }
    }
  }

  private void say(Channel channel, OpenVolume.Idle idle) throws IOException, InterruptedException {
    channel.send(Frame.of(new Message.WdiffIdle(idle.session(), idle.gid(), idle.at())));
    told = Optional.of(idle);
  }

  private void succeeded() {
    if (!inConflict.isEmpty()) return;
    failingSince = Optional.empty();
    trouble = Optional.empty();
  }

  /** The reason first: whoever is told that it fails asks why. */
  private void failed(String reason) {
    trouble = Optional.of(reason);
    if (failingSince.isEmpty()) {
      failingSince = Optional.of(parts.time().now());
      LOG.warn("volume {}: {} does not take its diffs: {}", volume.name(), archive, reason);
    }
  }

  /**
   * Tries now, whatever failed before; also what was in conflict, which somebody may have mended.
   */
  void kick() {
    inConflict.clear();
    kicked.open();
    arrivals.open();
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

  void join() throws InterruptedException {
    thread.join();
  }

  Reply.Delivery facts() {
    List<SpooledDiff> wanted = volume.spool().wantedBy(archive);
    return new Reply.Delivery(
        archive,
        wanted.size(),
        wanted.stream().mapToLong(SpooledDiff::fileBytes).sum(),
        wanted.stream().findFirst().map(SpooledDiff::time),
        failingSince,
        trouble);
  }
}
