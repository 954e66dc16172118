package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.history.DamagedDiffException;
import io.backstay.history.DiffLayer;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.server.RoleParts;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.OperationRole.Conclusion;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Folds the oldest diffs of a volume into the image that they begin at, so that a later point is
 * the oldest one (rule X9). What is before that point is gone when it begins: the image is
 * rewritten in place. An apply that was begun and given up goes on with the next one.
 */
final class ApplyWork {
  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeHistories histories;
  private final PointImages points;
  private final Admission admission;

  ApplyWork(
      RoleParts parts,
      VolumeStore<ArchiveVolume> store,
      VolumeHistories histories,
      PointImages points) {
    this.parts = parts;
    this.store = store;
    this.histories = histories;
    this.points = points;
    this.admission = new Admission(parts);
  }

  /**
   * That the image is being applied to is committed with the ledger entry, before a byte of it is
   * written; so is that the points before are gone.
   */
  ArchiveVolume admit(ArchiveVolume before, Command.Start start, Work.Apply apply)
      throws RefusedException, IOException {
    Restorables restorables = points.of(before);
    Point target = target(before, restorables, apply);
    Recipe recipe = restorables.recipe(target.gid()).orElseThrow();
    if (recipe.image().base().isEmpty())
      throw new RefusedException(
          Refusal.of(RefusalCode.NEEDS_LOG, "the images of a volume without a log stand alone")
              .attempted("apply up to gid %d of %s".formatted(apply.gid(), start.volume()))
              .next("'backstay point delete' frees what they take"));
    admission.refuseHeld(before, start, gid -> gid < target.gid());
    admission.refuseRead(points.open(), start, target.gid());
    int destroyed = restorables.before(target.gid());
    ArchiveVolume allowed =
        destroyed == 0
            ? before
            : admission.using(
                before, apply.grant(), "apply", Long.toString(apply.gid()), apply.inputHash());
    return recipe.diffs().isEmpty() ? allowed : applying(allowed, recipe, destroyed);
  }

  /** The newest point up to the wanted gid, at least that of an apply which began. */
  private static Point target(ArchiveVolume before, Restorables restorables, Work.Apply apply)
      throws RefusedException {
    long least =
        before.images().stream()
            .flatMap(image -> image.applying().stream())
            .mapToLong(applying -> applying.to().gid())
            .max()
            .orElse(0);
    long gid = Math.max(least, apply.gid());
    Optional<Point> target = restorables.upTo(gid);
    if (target.isEmpty()) restorables.require(gid, "apply");
    return target.orElseThrow();
  }

  private static ArchiveVolume applying(ArchiveVolume before, Recipe recipe, int destroyed) {
    KeptDiff last = recipe.diffs().getLast();
    // An apply that was begun may have left bytes of its own anywhere below.
    Optional<Applying> begun = recipe.image().applying();
    boolean same = begun.isPresent() && begun.get().to().equals(last.end());
    Applying next =
        new Applying(
            last.end(),
            recipe.sizeBytes(),
            recipe.diffs().size(),
            destroyed,
            same ? begun.get().doneBytes() : 0,
            begun.map(Applying::begunBytes).orElse(0L));
    return before.with(
        before.images().stream()
            .map(image ->
                image.serial() == recipe.image().serial() ? image.with(Optional.of(next)) : image)
            .toList());
  }

  Conclusion<ArchiveVolume> attempt(RunningOperation operation, Work.Apply apply)
      throws RefusedException, IOException, InterruptedException {
    String volume = operation.volume();
    ArchiveVolume now = store.get(volume);
    Optional<Image> begun =
        now.images().stream().filter(image -> image.applying().isPresent()).findFirst();
    if (begun.isEmpty()) return nothingToFold(operation, apply);
    Image image = begun.get();
    Applying applying = image.applying().get();
    List<KeptDiff> chain =
        ImageChain.of(image, histories.of(volume).of(image.base().orElseThrow().session()))
            .toFinishApplying();
    long storedBytes = rewrite(operation, image, chain);
    Image folded = folded(image, applying, storedBytes);
    long freed = chain.stream().mapToLong(KeptDiff::fileBytes).sum() + droppedBytes(now, folded);
    return new Conclusion<>(
        new WorkResult.Applied(
            applying.to().gid(),
            applying.diffs(),
            applying.pointsDestroyed(),
            freed,
            seconds(operation)),
        before -> before.with(left(before, folded)),
        () -> histories.tidy(volume));
  }

  private long rewrite(RunningOperation operation, Image image, List<KeptDiff> chain)
      throws RefusedException, IOException, InterruptedException {
    String volume = operation.volume();
    Applying applying = image.applying().orElseThrow();
    DiffStore.Pin pin =
        histories
            .of(volume)
            .pin(chain)
            .orElseThrow(() -> new IOException("the diffs of %s changed".formatted(volume)));
    try (DiffLayer layer = DiffLayer.open(pin, chain, histories.memory());
        ImageFiles files =
            ImageFiles.open(
                store.directory(volume),
                image.serial(),
                image.point().sizeBytes(),
                applying.sizeBytes())) {
      ImageNote.write(store.directory(volume), image);
      points.open().rewriting(volume, image.serial());
      return new ApplyRun(
              parts,
              image,
              files,
              layer,
              (done, begun) -> store.update(volume, before -> at(before, image, done, begun)))
          .run(operation);
    } catch (CorruptImageException | DamagedDiffException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.CORRUPT, "what is to be folded together is damaged")
              .attempted("apply up to gid %d of %s".formatted(applying.to().gid(), volume))
              .found(e.getMessage())
              .next("make a full backup now; then apply up to a point of that"));
    }
  }

  private static ArchiveVolume at(ArchiveVolume before, Image image, long done, long begun) {
    return before.with(
        before.images().stream()
            .map(one ->
                one.serial() == image.serial()
                    ? one.with(one.applying().map(applying -> applying.at(done, begun)))
                    : one)
            .toList());
  }

  private static Image folded(Image image, Applying applying, long storedBytes) {
    Generations base = image.base().orElseThrow();
    return new Image(
        image.serial(),
        image.operation(),
        new Point(
            applying.to().gid(),
            applying.to().time(),
            applying.to().label(),
            true,
            applying.sizeBytes(),
            storedBytes,
            Point.Proof.FROZEN),
        Optional.of(new Generations(base.session(), applying.to(), applying.to())));
  }

  /** The folded image in its place, without the images of which no point is left. */
  private static List<Image> left(ArchiveVolume before, Image folded) {
    List<Image> left = new ArrayList<>();
    for (Image image : before.images()) {
      if (image.serial() == folded.serial()) left.add(folded);
      else if (image.point().gid() > folded.point().gid()) left.add(image);
    }
    return left;
  }

  private static long droppedBytes(ArchiveVolume now, Image folded) {
    List<Image> left = left(now, folded);
    return now.images().stream()
        .filter(image -> left.stream().noneMatch(one -> one.serial() == image.serial()))
        .mapToLong(image -> image.point().storedBytes())
        .sum();
  }

  /** The image is that point by itself: what is older goes. */
  private Conclusion<ArchiveVolume> nothingToFold(RunningOperation operation, Work.Apply apply)
      throws IOException {
    String volume = operation.volume();
    ArchiveVolume now = store.get(volume);
    Restorables restorables = points.of(now);
    Point target = restorables.upTo(apply.gid()).orElseThrow();
    Image image = restorables.recipe(target.gid()).orElseThrow().image();
    return new Conclusion<>(
        new WorkResult.Applied(
            target.gid(),
            0,
            restorables.before(target.gid()),
            droppedBytes(now, image),
            seconds(operation)),
        before -> {
          // Nothing said yet that they go: since it was admitted somebody may have taken a hold.
          admission.requireFree(before, gid -> gid < target.gid());
          return before.with(left(before, image));
        },
        () -> histories.tidy(volume));
  }

  private double seconds(RunningOperation operation) {
    return Duration.between(operation.entry().started(), parts.time().now()).toMillis() / 1000.0;
  }

  /** Of one that wrote nothing yet, nothing is gone. */
  static ArchiveVolume givenUp(ArchiveVolume before, LedgerEntry entry) {
    if (!(entry.work() instanceof Work.Apply)) return before;
    return before.with(
        before.images().stream()
            .map(image -> image.with(image.applying().filter(one -> one.begunBytes() > 0)))
            .toList());
  }
}
