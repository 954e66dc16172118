package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.image.ImageReceiver;
import io.backstay.model.Cut;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Session;
import io.backstay.seam.Directory;
import io.backstay.seam.NoSpaceException;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images on their way in, at most one for each volume.
 *
 * <p>A second transfer for the same volume, of the same run after a cut or of a newer run, closes
 * the first one's connection and waits until it has made durable what it got: the newer one goes on
 * from there. An older run is fenced (rule K2).
 */
final class Intakes {
  private static final Logger LOG = LoggerFactory.getLogger(Intakes.class);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeDiffs diffs;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private final Map<String, Channel> active = new HashMap<>();

  Intakes(RoleParts parts, VolumeStore<ArchiveVolume> store, VolumeDiffs diffs) {
    this.parts = parts;
    this.store = store;
    this.diffs = diffs;
  }

  boolean isActive(String volume) {
    lock.lock();
    try {
      return active.containsKey(volume);
    } finally {
      lock.unlock();
    }
  }

  /** Ends the transfer that runs for the volume, if there is one, and returns when it has ended. */
  void displace(String volume) throws InterruptedException {
    lock.lock();
    try {
      while (active.containsKey(volume)) {
        active.get(volume).close();
        ended.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The whole conversation, from {@code OpenImage} to {@code Committed}. */
  void take(Channel channel, Message.OpenImage open, Collection<OperationKind> running)
      throws RefusedException, IOException, InterruptedException {
    authorise(channel.peer(), open);
    fence(open);
    lock.lock();
    try {
      requireCurrent(open);
      while (active.containsKey(open.volume())) {
        active.get(open.volume()).close();
        ended.await();
        requireCurrent(open);
      }
      active.put(open.volume(), channel);
    } finally {
      lock.unlock();
    }
    Message end;
    try {
      end = receive(channel, open, running);
    } catch (NoSpaceException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NO_SPACE, "the archive has no space left")
              .attempted(
                  "take the image of %s on %s".formatted(open.volume(), parts.config().name()))
              .found(e.getMessage())
              .next("make room on the archive; the backup goes on by itself"));
    } finally {
      lock.lock();
      try {
        active.remove(open.volume());
        ended.signalAll();
      } finally {
        lock.unlock();
      }
    }
    // Whoever hears of the end may begin the next operation at once, and is not to find this one.
    channel.send(Frame.of(end));
  }

  private void authorise(Peer peer, Message.OpenImage open) throws RefusedException {
    Authorisation.require(peer, "send an image of " + open.volume(), Role.STORAGE);
    ArchiveVolume volume = store.get(open.volume());
    ProtectionRecord record =
        volume
            .record()
            .orElseThrow(() ->
                new RefusedException(
                    RefusalCode.UNKNOWN_VOLUME, "no volume " + open.volume() + " here"));
    if (!record.storage().equals(peer.name()) || !volume.mayBe(open.sizeBytes())) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_AUTHORISED, "this storage may not send this image")
              .attempted(
                  "send an image of %s with %d bytes from %s"
                      .formatted(open.volume(), open.sizeBytes(), peer.name()))
              .found(
                  "the record names %s and %d bytes, the newest point has %d"
                      .formatted(record.storage(), record.sizeBytes(), volume.newestBytes())));
    }
  }

  /** A higher epoch is remembered before anything is done for it (rule K2). */
  private void fence(Message.OpenImage open) throws RefusedException, IOException {
    requireCurrent(open);
    store.update(open.volume(), before -> before.with(before.ledger().raised(open.epoch())));
  }

  /** A run with a lower epoch changes nothing, and does not end what a newer one does (rule K2). */
  private void requireCurrent(Message.OpenImage open) throws RefusedException {
    long seen = store.get(open.volume()).ledger().epoch();
    if (open.epoch() >= seen) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.FENCED, "a newer run took the volume over")
            .attempted("send an image of %s with epoch %d".formatted(open.volume(), open.epoch()))
            .found("epoch " + seen));
  }

  /** Returns the last message, which is not sent yet. */
  private Message receive(
      Channel channel, Message.OpenImage open, Collection<OperationKind> running)
      throws RefusedException, IOException, InterruptedException {
    ArchiveVolume volume = store.get(open.volume());
    Optional<Image> known = volume.sentBy(open.operation());
    if (known.isPresent()) {
      return new Message.ImageResume(open.sizeBytes(), Optional.of(committed(known.get().point())));
    }
    ArchiveVolume.TABLE.admit(open.volume(), volume.state(), OperationKind.FULL_BACKUP, running);
    if (open.origin().isPresent()) requireOpen(volume, open);
    Directory directory = store.directory(open.volume());
    PartialImage partial = adoptOrBegin(open, volume, directory);
    try (ImageFiles files = ImageFiles.open(directory, partial.serial(), partial.sizeBytes())) {
      // What lies behind the durable progress may be half of what an earlier attempt wrote: it
      // begins as zeroes again, but for what is compared before it counts.
      long written = Math.max(partial.durable(), partial.olderBelow());
      long behind = partial.sizeBytes() - written;
      if (behind > 0) files.image().zero(written, behind);
      ImageSink sink =
          new ImageSink(
              files,
              partial,
              (upTo, stored) ->
                  store.update(
                      open.volume(), before -> before.progress(open.operation(), upTo, stored)));
      Message.ImageEnd end = receive(channel, directory, partial, sink);
      return committed(commit(open, partial, sink.storedBytes(), end));
    }
  }

  private Message.ImageEnd receive(
      Channel channel, Directory directory, PartialImage partial, ImageSink sink)
      throws IOException, InterruptedException {
    ImageReceiver receiver =
        new ImageReceiver(parts.time(), parts.pool(), parts.config().transfers());
    boolean compares = partial.olderBelow() > partial.durable();
    Message.ImageResume resume =
        new Message.ImageResume(
            partial.durable(),
            Optional.empty(),
            partial.origin().map(Message.LogOrigin::begin),
            compares ? partial.olderBelow() : 0L);
    if (!compares) return receiver.receive(channel, sink, resume, partial.sizeBytes());
    try (OlderPass older = OlderPass.begin(parts, channel, directory, partial)) {
      return receiver.receive(channel, sink, resume, partial.sizeBytes());
    }
  }

  /** Nothing of a session that is over is taken (rule M2). */
  private void requireOpen(ArchiveVolume volume, Message.OpenImage open)
      throws RefusedException, IOException {
    Session session = open.origin().orElseThrow().session();
    boolean other = diffs.hasOther(open.volume(), session);
    if (!other && !volume.sessions().isClosed(session)) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.VERSION_CONFLICT, "another session of this volume is followed here")
            .attempted("send an image of %s of %s".formatted(open.volume(), session))
            .found(volume.sessions().toString())
            .next("reset the volume and back it up again"));
  }

  private PartialImage adoptOrBegin(
      Message.OpenImage open, ArchiveVolume volume, Directory directory) throws IOException {
    Optional<PartialImage> partial = volume.partial().filter(old -> mayAdopt(old, open));
    if (partial.isPresent() && !hasEvidence(partial.get(), directory)) partial = Optional.empty();
    if (partial.isPresent() && !goesOn(partial.get(), open)) return again(partial.get(), open);
    if (partial.isPresent()) {
      LOG.info(
          "image of {}: goes on at {} for {}",
          open.volume(),
          partial.get().durable(),
          open.operation());
      return partial.get();
    }
    // The files are there before the metadata names them, so that a crash leaves files without a
    // name and never the reverse.
    long serial = volume.nextSerial();
    ImageFiles.create(directory, serial, open.sizeBytes()).close();
    PartialImage begun = PartialImage.begin(serial, open, parts.time().now());
    ArchiveVolume after =
        store.update(open.volume(), before -> expecting(before, open).begin(begun));
    for (String deleted : ImageFiles.deleteUnnamed(directory, after)) {
      LOG.info(
          "image of {}: {} was given up, image {} replaces it", open.volume(), deleted, serial);
    }
    return begun;
  }

  /**
   * No log will make the earlier pass exact: what it brought is compared (rule X5). Its log was
   * given up, or a proxy lost some of it.
   */
  private PartialImage again(PartialImage old, Message.OpenImage open) throws IOException {
    PartialImage next = old.again(open, parts.time().now());
    store.update(open.volume(), before -> expecting(before, open).begin(next));
    LOG.info(
        "image of {}: begins again for {}, {} bytes of an earlier pass are compared",
        open.volume(),
        open.operation(),
        next.olderBelow());
    return next;
  }

  private static ArchiveVolume expecting(ArchiveVolume before, Message.OpenImage open) {
    return open.origin().map(origin -> before.expecting(origin.session())).orElse(before);
  }

  /**
   * Whether the log from the begin cut of the partial image on makes both exact (rule X4): it is
   * the same log, and nothing of it is missing between diffs that are here.
   */
  private boolean goesOn(PartialImage old, Message.OpenImage open) throws IOException {
    if (open.origin().isEmpty()) return true;
    Message.LogOrigin begun = old.origin().orElseThrow();
    Session session = open.origin().get().session();
    return begun.session().uuid().equals(session.uuid())
        && diffs.leadOn(open.volume(), session, begun.begin().gid());
  }

  /**
   * Only bytes of the same source in the same state may be put together; without evidence only
   * those of one run (rule L10). The log of a logged volume puts any together.
   */
  private static boolean mayAdopt(PartialImage old, Message.OpenImage open) {
    if (open.origin().isPresent())
      return old.origin().isPresent() && old.sizeBytes() == open.sizeBytes();
    boolean sameRun = old.operation().equals(open.operation());
    return old.sizeBytes() == open.sizeBytes()
        && old.stamp().equals(open.stamp())
        && (open.stamp().known() || sameRun);
  }

  private static boolean hasEvidence(PartialImage partial, Directory directory) throws IOException {
    try {
      ImageFiles.open(directory, partial.serial(), partial.sizeBytes()).close();
      return true;
    } catch (CorruptImageException e) {
      LOG.warn("image-{} is begun again: {}", partial.serial(), e.getMessage());
      return false;
    }
  }

  private Point commit(
      Message.OpenImage open, PartialImage partial, long storedBytes, Message.ImageEnd end)
      throws IOException {
    Optional<Generations> base = base(partial, end);
    ArchiveVolume after =
        store.update(
            open.volume(),
            before ->
                before.commit(
                    new Image(
                        partial.serial(),
                        open.operation(),
                        new Point(
                            base.map(one -> one.end().gid()).orElse(before.nextGid()),
                            base.map(one -> one.end().time()).orElse(partial.begun()),
                            Optional.empty(),
                            base.isEmpty() || base.get().snap().isClean(),
                            partial.sizeBytes(),
                            storedBytes,
                            end.proof()),
                        base)));
    Point point = after.sentBy(open.operation()).orElseThrow().point();
    LOG.info(
        "image of {} is {}: {} bytes stored, {}",
        open.volume(),
        base.map(one -> one.snap().toString()).orElse("point " + point.gid()),
        storedBytes,
        end.proof().word());
    return point;
  }

  private static Optional<Generations> base(PartialImage partial, Message.ImageEnd end)
      throws IOException {
    if (partial.origin().isEmpty()) return Optional.empty();
    Message.LogOrigin origin = partial.origin().get();
    Cut last =
        end.end().orElseThrow(() -> new IOException("the image of a logged volume has no end cut"));
    if (last.session() != origin.session().number() || last.gid() < origin.begin().gid())
      throw new IOException("an image from %s ends at %s".formatted(origin.begin(), last));
    return Optional.of(new Generations(origin.session(), origin.begin(), last));
  }

  private static Message.Committed committed(Point point) {
    return new Message.Committed(point.gid(), point.time(), point.proof());
  }
}
