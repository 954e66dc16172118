package io.backstay.archive;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Session;
import io.backstay.server.Authorisation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.Optional;

/**
 * Agrees with a storage on the next session of a volume's log (rule M2): number and first gid are
 * greater than all that either of them knows, and the archive expects the session durably before
 * the storage begins it.
 */
final class SessionAgreement {
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeDiffs diffs;

  SessionAgreement(VolumeStore<ArchiveVolume> store, VolumeDiffs diffs) {
    this.store = store;
    this.diffs = diffs;
  }

  Reply agree(Peer peer, Command.AgreeSession wanted) throws RefusedException, IOException {
    Authorisation.require(peer, "begin a session of " + wanted.volume(), Role.STORAGE);
    long newGid = diffs.nextGid(wanted.volume());
    ArchiveVolume after =
        store.change(
            wanted.volume(),
            before -> {
              require(peer, wanted, before);
              Session agreed = agreed(wanted, before, Math.max(newGid, before.nextGid()));
              ArchiveVolume fenced = before.with(before.ledger().raised(wanted.epoch()));
              return fenced.expecting(agreed);
            });
    Session agreed = find(wanted, after).orElseThrow();
    return new Reply.SessionAgreed(agreed.number(), agreed.firstGid().orElseThrow());
  }

  private static void require(Peer peer, Command.AgreeSession wanted, ArchiveVolume volume)
      throws RefusedException {
    ProtectionRecord record =
        volume
            .record()
            .orElseThrow(() ->
                new RefusedException(
                    RefusalCode.UNKNOWN_VOLUME, "no volume " + wanted.volume() + " here"));
    if (!record.storage().equals(peer.name()))
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_AUTHORISED, "this storage is not the volume's")
              .attempted("begin a session of %s from %s".formatted(wanted.volume(), peer.name()))
              .found("the record names " + record.storage()));
    if (wanted.epoch() < volume.ledger().epoch())
      throw new RefusedException(
          Refusal.of(RefusalCode.FENCED, "a newer run took the volume over")
              .attempted(
                  "begin a session of %s with epoch %d".formatted(wanted.volume(), wanted.epoch()))
              .found("epoch " + volume.ledger().epoch()));
  }

  /** The one that it has already, unless the storage knows more by now. */
  private static Session agreed(Command.AgreeSession wanted, ArchiveVolume volume, long newGid) {
    Optional<Session> known =
        find(wanted, volume)
            .filter(one -> one.number() >= wanted.numberMin())
            .filter(one -> one.firstGid().orElse(-1L) >= wanted.firstGidMin());
    if (known.isPresent()) return known.get();
    Optional<Session> mine = find(wanted, volume);
    int number =
        Math.max(
            wanted.numberMin(), mine.map(Session::number).orElse(volume.sessions().nextNumber()));
    long gid = Math.max(wanted.firstGidMin(), mine.flatMap(Session::firstGid).orElse(newGid));
    return new Session(number, wanted.uuid(), Optional.of(gid), 0);
  }

  private static Optional<Session> find(Command.AgreeSession wanted, ArchiveVolume volume) {
    return volume.sessions().pending().stream()
        .filter(session -> session.uuid().equals(wanted.uuid()))
        .findFirst();
  }
}
