package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.volume.OperationRole.Conclusion;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes one point of a volume impossible to restore, and no other. An image that is the point goes,
 * unless later points need it; where diffs lead over the point, the two that meet there become one.
 */
final class PointDeletion {
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeHistories histories;
  private final PointImages points;
  private final MergeWork merges;
  private final Admission admission;

  PointDeletion(
      VolumeStore<ArchiveVolume> store,
      VolumeHistories histories,
      PointImages points,
      MergeWork merges,
      Admission admission) {
    this.store = store;
    this.histories = histories;
    this.points = points;
    this.merges = merges;
    this.admission = admission;
  }

  ArchiveVolume admit(ArchiveVolume before, Command.Start start, Work.DeletePoint delete)
      throws RefusedException, IOException {
    Restorables restorables = points.of(before);
    restorables.require(delete.gid(), start.work().kind().word());
    if (restorables.newest().orElseThrow().gid() == delete.gid())
      throw new RefusedException(
          Refusal.of(RefusalCode.NEWEST_POINT, "the newest point is never deleted")
              .attempted("delete point %d of %s".formatted(delete.gid(), start.volume()))
              .next("make a newer one first, or clear the volume"));
    admission.refuseHeld(before, start, gid -> gid == delete.gid());
    refuseNeeded(before, restorables, start, delete.gid());
    return admission.using(
        before, delete.grant(), "delete-point", Long.toString(delete.gid()), delete.inputHash());
  }

  /** An image is not the point alone: later points may begin at it. */
  private static void refuseNeeded(
      ArchiveVolume before, Restorables restorables, Command.Start start, long gid)
      throws RefusedException {
    Optional<Image> image = imageAt(before, gid);
    if (image.isEmpty() || image.get().base().isEmpty()) return;
    Set<Long> left =
        restorables.chains().stream()
            .filter(chain -> chain.image().serial() != image.get().serial())
            .flatMap(chain -> chain.points(Optional.empty()).stream())
            .map(Point::gid)
            .collect(Collectors.toSet());
    Optional<Point> needing =
        restorables.points().stream()
            .filter(point -> point.gid() > gid && !left.contains(point.gid()))
            .findFirst();
    if (needing.isEmpty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.WRONG_STATE, "later points need the image of this one")
            .attempted("delete point %d of %s".formatted(gid, start.volume()))
            .found("point %d begins at it".formatted(needing.get().gid()))
            .next(
                "'backstay apply %s --gid %d' makes that one the oldest"
                    .formatted(start.volume(), needing.get().gid())));
  }

  /** The clean image that is the point by itself. */
  private static Optional<Image> imageAt(ArchiveVolume volume, long gid) {
    return volume.images().stream()
        .filter(image -> image.point().gid() == gid)
        .filter(image -> image.base().isEmpty() || image.base().get().snap().isClean())
        .findFirst();
  }

  Conclusion<ArchiveVolume> attempt(RunningOperation operation, Work.DeletePoint delete)
      throws RefusedException, IOException, InterruptedException {
    String volume = operation.volume();
    ArchiveVolume now = store.get(volume);
    Optional<Image> image = imageAt(now, delete.gid());
    long freed = image.map(one -> one.point().storedBytes()).orElse(0L);
    for (Image one : now.images()) {
      if (one.base().isPresent()) freed += mergeOver(operation, one, delete.gid());
    }
    return new Conclusion<>(
        new WorkResult.PointDeleted(delete.gid(), freed),
        before -> {
          if (image.isEmpty()) return before;
          // Since it was admitted somebody may have taken a hold.
          admission.requireFree(before, gid -> gid == delete.gid());
          return before.with(without(before, image.get()));
        },
        () -> histories.tidy(volume));
  }

  private static List<Image> without(ArchiveVolume before, Image gone) {
    return before.images().stream().filter(one -> one.serial() != gone.serial()).toList();
  }

  /** Bytes that this freed; the two diffs may be those of a chain that was looked at before. */
  private long mergeOver(RunningOperation operation, Image image, long gid)
      throws RefusedException, IOException, InterruptedException {
    DiffStore diffs = histories.of(operation.volume());
    List<KeptDiff> chain =
        ImageChain.of(image, diffs.of(image.base().orElseThrow().session())).diffs();
    for (int i = 1; i < chain.size(); i++) {
      boolean meetHere =
          chain.get(i - 1).diff().to().begin() == gid && chain.get(i).diff().from().begin() == gid;
      if (!meetHere) continue;
      List<KeptDiff> pair = chain.subList(i - 1, i + 1);
      long before = pair.stream().mapToLong(KeptDiff::fileBytes).sum();
      // Nobody wants to keep it any more.
      diffs.keep(gid, false);
      long after = merges.mergeOne(operation, pair).fileBytes();
      return before - after;
    }
    return 0;
  }
}
