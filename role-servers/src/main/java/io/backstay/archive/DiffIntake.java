package io.backstay.archive;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.BufferPool;
import io.backstay.seam.NoSpaceException;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.WdiffVerdict.Verdict;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes diffs of a volume in, whoever brings them and in whatever order (rule X2): the archive's
 * side of the conversation drawn in {@link Message.OpenWdiffs}. What is here already, from another
 * proxy or from before a cut, is not taken again.
 */
final class DiffIntake {
  private static final Logger LOG = LoggerFactory.getLogger(DiffIntake.class);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeDiffs diffs;

  DiffIntake(RoleParts parts, VolumeStore<ArchiveVolume> store, VolumeDiffs diffs) {
    this.parts = parts;
    this.store = store;
    this.diffs = diffs;
  }

  /** The whole conversation; it ends when the proxy ends it. */
  void take(Channel channel, Message.OpenWdiffs open)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord theirs = parts.records().check(open.record());
    authorise(channel.peer(), theirs);
    String volume = theirs.volume();
    Optional<Signed> newer = exchange(theirs, open.record());
    long known = recordVersion(store.get(volume));
    channel.send(Frame.of(new Message.WdiffsReady(newer)));
    while (true) {
      Frame frame = channel.receive();
      switch (frame.message()) {
        case Message.WdiffOffer offer -> offered(channel, volume, known, offer);
        case Message.WdiffIdle idle -> diffs.quiet(volume, idle.session(), idle.gid(), idle.at());
        case Message other -> {
          frame.payload().close();
          throw new IOException("a wdiff transfer got " + other);
        }
      }
    }
  }

  /** A proxy brings diffs of volumes whose records name it and this archive only (rule K5). */
  private void authorise(Peer peer, ProtectionRecord record) throws RefusedException {
    Authorisation.require(peer, "bring diffs of " + record.volume(), Role.PROXY);
    if (store.get(record.volume()).record().isEmpty())
      throw new RefusedException(
          RefusalCode.UNKNOWN_VOLUME, "no volume %s is kept here".formatted(record.volume()));
    boolean known =
        record.shipping().isPresent()
            && record.shipping().get().allProxies().contains(peer.name())
            && record.archives().contains(parts.config().name());
    if (known) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_AUTHORISED, "this proxy may not bring diffs of this volume here")
            .attempted(
                "bring diffs of %s from %s to %s"
                    .formatted(record.volume(), peer.name(), parts.config().name()))
            .found(
                "the record names %s and archives %s"
                    .formatted(record.shipping(), record.archives())));
  }

  /** Rule M3. */
  private Optional<Signed> exchange(ProtectionRecord theirs, Signed signed) throws IOException {
    ArchiveVolume after = store.update(theirs.volume(), before -> before.under(signed, theirs));
    return recordVersion(after) > theirs.version() ? after.signed() : Optional.empty();
  }

  private static long recordVersion(ArchiveVolume volume) {
    return volume.record().map(ProtectionRecord::version).orElse(0L);
  }

  /**
   * @param known newest version of the record that the proxy knows from this conversation
   */
  private void offered(Channel channel, String volume, long known, Message.WdiffOffer offer)
      throws RefusedException, IOException, InterruptedException {
    DiffSidecar sidecar = DiffSidecar.decode("an offered sidecar", offer.sidecar().toArray());
    if (!sidecar.volume().equals(volume))
      throw new IOException("a diff of %s among those of %s".formatted(sidecar.volume(), volume));
    Answer answer = judge(volume, known, sidecar);
    if (answer.verdict == Verdict.ACCEPT) {
      expect(volume, sidecar.session());
      say(channel, sidecar, answer);
      answer = receive(channel, volume, sidecar);
    }
    say(channel, sidecar, answer);
  }

  private record Answer(Verdict verdict, String found) {}

  private static void say(Channel channel, DiffSidecar sidecar, Answer answer)
      throws IOException, InterruptedException {
    channel.send(
        Frame.of(
            new Message.WdiffVerdict(
                sidecar.session().number(), sidecar.end().gid(), answer.verdict, answer.found)));
  }

  private Answer judge(String volume, long knownVersion, DiffSidecar sidecar) throws IOException {
    ArchiveVolume known = store.get(volume);
    if (known.record().isEmpty()) return new Answer(Verdict.UNKNOWN_VOLUME, "it was cleared");
    if (recordVersion(known) > knownVersion)
      return new Answer(Verdict.NEWER_RECORD, "version " + recordVersion(known));
    // What is here is here, whatever became of its session.
    Verdict verdict = diffs.judge(volume, sidecar);
    if (verdict != Verdict.ACCEPT) return new Answer(verdict, diffs.words(volume, sidecar));
    Session session = sidecar.session();
    if (known.sessions().isClosed(session) || diffs.hasOther(volume, session))
      return new Answer(
          Verdict.CLOSED_SESSION, "%s, known are %s".formatted(session, known.sessions()));
    if (sidecar.volumeBytes() > known.record().get().sizeBytes())
      return new Answer(
          Verdict.TOO_SMALL,
          "the volume has %d bytes here, the diff is of one with %d"
              .formatted(known.record().get().sizeBytes(), sidecar.volumeBytes()));
    return new Answer(Verdict.ACCEPT, "");
  }

  /** Durably, before the first of its diffs is (rule M2). */
  private void expect(String volume, Session session) throws IOException {
    boolean isExpected =
        store
            .get(volume)
            .sessions()
            .find(session.number())
            .filter(one -> one.uuid().equals(session.uuid()))
            .isPresent();
    if (isExpected) return;
    store.update(volume, before -> before.expecting(session));
    LOG.info("volume {}: diffs of {} are taken", volume, session);
  }

  /** The bytes as they come, compared with what was offered; durable when it returns have-it. */
  private Answer receive(Channel channel, String volume, DiffSidecar sidecar)
      throws IOException, InterruptedException {
    Optional<String> fault = Optional.empty();
    Optional<NoSpaceException> full = Optional.empty();
    try (BufferPool.Lease lease = parts.pool().take();
        VolumeDiffs.Receiving receiving = diffs.receive(volume, sidecar, lease.buffer())) {
      for (long at = 0; at < sidecar.fileBytes(); ) {
        try (Payload payload = piece(channel, sidecar, at)) {
          boolean damaged = payload.firstDamagedBlock() >= 0 || !isOffered(sidecar, at, payload);
          if (damaged && fault.isEmpty()) fault = Optional.of("the piece at byte " + at);
          // After a fault the rest is taken and thrown away, so that the proxy hears of it.
          if (fault.isEmpty() && full.isEmpty()) {
            try {
              receiving.write(at, payload.bytes());
            } catch (NoSpaceException e) {
              full = Optional.of(e);
            }
          }
          at += payload.sizeBytes();
        }
      }
      if (fault.isPresent()) return new Answer(Verdict.DAMAGED, fault.get());
      if (full.isPresent()) return new Answer(Verdict.NO_SPACE, full.get().getMessage());
      receiving.commit();
      return new Answer(Verdict.HAVE_IT, "");
    } catch (NoSpaceException e) {
      return new Answer(Verdict.NO_SPACE, e.getMessage());
    }
  }

  private static Payload piece(Channel channel, DiffSidecar sidecar, long at)
      throws IOException, InterruptedException {
    Frame frame = channel.receive();
    boolean right =
        frame.message() instanceof Message.WdiffPiece(long offset)
            && offset == at
            && frame.payload().sizeBytes() > 0
            && frame.payload().sizeBytes() <= sidecar.fileBytes() - at
            && (frame.payload().sizeBytes() % Payload.BLOCK_BYTES == 0
                || at + frame.payload().sizeBytes() == sidecar.fileBytes());
    if (right) return frame.payload();
    int bytes = frame.payload().sizeBytes();
    frame.payload().close();
    throw new IOException(
        "expected the wdiff from byte %d of %d, came %s with %d bytes"
            .formatted(at, sidecar.fileBytes(), frame.message(), bytes));
  }

  private static boolean isOffered(DiffSidecar sidecar, long at, Payload payload) {
    int first = (int) (at / Payload.BLOCK_BYTES);
    int[] checksums = payload.checksums();
    for (int i = 0; i < checksums.length; i++) {
      if (checksums[i] != sidecar.checksum(first + i)) return false;
    }
    return true;
  }
}
