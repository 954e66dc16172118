package io.backstay.archive;

import io.backstay.chain.Snap;
import io.backstay.model.Cut;
import io.backstay.model.Hold;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.volume.Ledger;
import io.backstay.volume.StateTable;
import io.backstay.volume.VolumeMetadata;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What an archive keeps of one volume; replaced as a whole, so that an image becomes a point, or a
 * point is gone, in one write.
 *
 * @param images the points, oldest first, gids ascending
 * @param partial an image that is on its way in; it belongs to the volume, the next run adopts it
 *     (rule K3)
 * @param holds what keeps points from being deleted (rule X10)
 * @param nextGid greater than every gid that was ever issued, also after points were deleted (rule
 *     L10)
 * @param nextSerial number of the next image's files; never used twice
 * @param sessions of a logged volume's log (rule M2)
 */
public record ArchiveVolume(
    String volume,
    State state,
    Optional<Signed> signed,
    Optional<ProtectionRecord> record,
    List<Image> images,
    Optional<PartialImage> partial,
    List<Hold> holds,
    long nextGid,
    long nextSerial,
    FollowedSessions sessions,
    Ledger ledger)
    implements VolumeMetadata<ArchiveVolume> {

  /** Steady states, walb's names. */
  public enum State {
    CLEAR,
    SYNC_READY,
    ARCHIVED
  }

  /**
   * A point and where its bytes are.
   *
   * @param serial names its files
   * @param operation that sent it: a repeated commit is answered from here
   * @param point of a plain volume the point that it is; of a logged one what became of it when its
   *     transfer ended: at the gid of the end cut
   * @param base of a logged volume only
   * @param applying while diffs are folded into it
   */
  public record Image(
      long serial,
      String operation,
      Point point,
      Optional<Generations> base,
      Optional<Applying> applying) {
    public Image {
      base = base == null ? Optional.empty() : base;
      applying = applying == null ? Optional.empty() : applying;
    }

    Image(long serial, String operation, Point point, Optional<Generations> base) {
      this(serial, operation, point, base, Optional.empty());
    }

    Image with(Optional<Applying> newApplying) {
      return new Image(serial, operation, point, base, newApplying);
    }
  }

  /**
   * What an image of a logged volume is the base of (rule X4): each of its blocks is as it was at
   * some moment between two cuts; the diffs from the first one on make it exact.
   *
   * @param begin what it is at least; moved on by apply
   * @param end what it is at most; the same cut where the image is clean
   */
  public record Generations(Session session, Cut begin, Cut end) {
    public Generations {
      if (begin.gid() > end.gid())
        throw new IllegalArgumentException("an image from %s to %s".formatted(begin, end));
    }

    Snap snap() {
      return new Snap(begin.gid(), end.gid());
    }
  }

  public static final StateTable<State> TABLE =
      new StateTable<>(
          "archive",
          List.of(
              new StateTable.Row<>(State.CLEAR, OperationKind.ADD_VOLUME, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.FULL_BACKUP, State.ARCHIVED),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.RESIZE, State.SYNC_READY),
              new StateTable.Row<>(State.SYNC_READY, OperationKind.CLEAR_VOLUME, State.CLEAR),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.FULL_BACKUP, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.RESTORE, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.VERIFY, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.DELETE_POINT, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.APPLY, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.MERGE, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.RESIZE, State.ARCHIVED),
              new StateTable.Row<>(State.ARCHIVED, OperationKind.CLEAR_VOLUME, State.CLEAR)));

  public ArchiveVolume {
    images = List.copyOf(images);
    holds = List.copyOf(holds);
    sessions = sessions == null ? FollowedSessions.NONE : sessions;
    Objects.requireNonNull(ledger, "ledger");
    if ((state == State.CLEAR) != record.isEmpty()
        || (state == State.ARCHIVED) == images.isEmpty()) {
      throw new IllegalArgumentException(
          "volume %s is %s with record %s and %d images"
              .formatted(volume, state, record, images.size()));
    }
  }

  static ArchiveVolume unknown(String volume) {
    return new ArchiveVolume(
        volume,
        State.CLEAR,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        0,
        0,
        FollowedSessions.NONE,
        Ledger.EMPTY);
  }

  /**
   * Nothing was ever kept under this metadata: files that lie there are of a volume whose metadata
   * was lost, and are not ours to delete (invariant 10).
   */
  boolean isNew() {
    return nextSerial == 0 && nextGid == 0 && images.isEmpty();
  }

  Optional<Image> image(long gid) {
    return images.stream().filter(image -> image.point().gid() == gid).findFirst();
  }

  Optional<Image> newest() {
    return images.isEmpty() ? Optional.empty() : Optional.of(images.getLast());
  }

  /** The image that this very operation sent. */
  Optional<Image> sentBy(String operation) {
    return images.stream().filter(image -> image.operation().equals(operation)).findFirst();
  }

  @Override
  public ArchiveVolume with(Ledger newLedger) {
    return copy(state, signed, record, images, partial, holds, nextGid, nextSerial, newLedger);
  }

  ArchiveVolume ready(Signed newSigned, ProtectionRecord newRecord) {
    return copy(
        State.SYNC_READY,
        Optional.of(newSigned),
        Optional.of(newRecord),
        images,
        partial,
        holds,
        nextGid,
        nextSerial,
        ledger);
  }

  /**
   * Under that record from now on, unless it is no newer one (rule M3). Where it has another size
   * images of up to that are taken; the points keep theirs (rule L9).
   */
  ArchiveVolume under(Signed newSigned, ProtectionRecord newRecord) {
    if (record.isEmpty() || record.get().version() >= newRecord.version()) return this;
    return copy(
        state,
        Optional.of(newSigned),
        Optional.of(newRecord),
        images,
        partial,
        holds,
        nextGid,
        nextSerial,
        ledger);
  }

  /**
   * Whether the volume may have that size now. It only grows, and while it does its archives know
   * the new size before its storage has it (rule L9).
   */
  boolean mayBe(long sizeBytes) {
    return sizeBytes >= newestBytes()
        && sizeBytes <= record.map(ProtectionRecord::sizeBytes).orElse(0L);
  }

  /** Size of the newest point; 0 where there is none. */
  long newestBytes() {
    return newest().map(image -> image.point().sizeBytes()).orElse(0L);
  }

  /** Gids and serials go on from where they were when the volume is added again. */
  ArchiveVolume clear() {
    return copy(
        State.CLEAR,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        nextGid,
        nextSerial,
        ledger);
  }

  /** A new partial image, or a new pass of the one that was there, replaces that one. */
  ArchiveVolume begin(PartialImage next) {
    return copy(
        state,
        signed,
        record,
        images,
        Optional.of(next),
        holds,
        nextGid,
        Math.max(nextSerial, next.serial() + 1),
        ledger);
  }

  ArchiveVolume progress(String operation, long durable, long storedBytes) {
    PartialImage next = partial.orElseThrow().at(operation, durable, storedBytes);
    return copy(
        state, signed, record, images, Optional.of(next), holds, nextGid, nextSerial, ledger);
  }

  /** The partial image becomes a point, or the base of points; its session is followed now. */
  ArchiveVolume commit(Image image) {
    List<Image> next = new ArrayList<>(images);
    next.add(image);
    ArchiveVolume before =
        image
            .base()
            .map(base -> following(sessions.following(base.session()), nextGid))
            .orElse(this);
    return before.copy(
        State.ARCHIVED,
        signed,
        record,
        next,
        Optional.empty(),
        holds,
        Math.max(nextGid, image.point().gid() + 1),
        nextSerial,
        ledger);
  }

  /** Whether an image of the session is on its way in. */
  boolean isComing(Session session) {
    return partial
        .flatMap(PartialImage::origin)
        .filter(origin -> origin.session().uuid().equals(session.uuid()))
        .isPresent();
  }

  /** Takes diffs of the session from now on (rule M2). */
  ArchiveVolume expecting(Session session) {
    long gid = session.firstGid().orElse(-1L) + 1;
    return following(sessions.expecting(session), Math.max(nextGid, gid));
  }

  private ArchiveVolume following(FollowedSessions newSessions, long newNextGid) {
    return new ArchiveVolume(
        volume,
        state,
        signed,
        record,
        images,
        partial,
        holds,
        newNextGid,
        nextSerial,
        newSessions,
        ledger);
  }

  /** With other images, in the order of their gids. */
  ArchiveVolume with(List<Image> newImages) {
    List<Image> next =
        newImages.stream().sorted(Comparator.comparingLong(image -> image.point().gid())).toList();
    return copy(state, signed, record, next, partial, holds, nextGid, nextSerial, ledger);
  }

  ArchiveVolume without(long gid) {
    List<Image> next = images.stream().filter(image -> image.point().gid() != gid).toList();
    return copy(state, signed, record, next, partial, holds, nextGid, nextSerial, ledger);
  }

  /** A hold of the same operation is replaced, unless it lasts longer already. */
  ArchiveVolume hold(Hold hold) {
    List<Hold> next = new ArrayList<>(holds);
    boolean longer =
        next.stream()
            .anyMatch(
                h -> h.operation().equals(hold.operation()) && h.expiry().isAfter(hold.expiry()));
    if (longer) return this;
    next.removeIf(h -> h.operation().equals(hold.operation()));
    next.add(hold);
    return copy(state, signed, record, images, partial, next, nextGid, nextSerial, ledger);
  }

  ArchiveVolume release(String operation) {
    List<Hold> next = holds.stream().filter(hold -> !hold.operation().equals(operation)).toList();
    return copy(state, signed, record, images, partial, next, nextGid, nextSerial, ledger);
  }

  ArchiveVolume withoutExpiredHolds(Instant now) {
    List<Hold> next = holds.stream().filter(hold -> hold.expiry().isAfter(now)).toList();
    return copy(state, signed, record, images, partial, next, nextGid, nextSerial, ledger);
  }

  private ArchiveVolume copy(
      State newState,
      Optional<Signed> newSigned,
      Optional<ProtectionRecord> newRecord,
      List<Image> newImages,
      Optional<PartialImage> newPartial,
      List<Hold> newHolds,
      long newNextGid,
      long newNextSerial,
      Ledger newLedger) {
    return new ArchiveVolume(
        volume,
        newState,
        newSigned,
        newRecord,
        newImages,
        newPartial,
        newHolds,
        newNextGid,
        newNextSerial,
        newState == State.CLEAR ? FollowedSessions.NONE : sessions,
        newLedger);
  }
}
