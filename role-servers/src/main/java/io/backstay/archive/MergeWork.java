package io.backstay.archive;

import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.model.Compression;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Shipping;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.server.RoleParts;
import io.backstay.volume.OperationRole.Conclusion;
import io.backstay.volume.RunningOperation;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Folds neighbouring diffs of a volume into as few as explicit snapshots and holds allow. Each step
 * is complete in itself, so a merge that is given up half-way leaves a chain like any other.
 */
final class MergeWork {
  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeHistories histories;
  private final PointImages points;
  private final Admission admission;

  MergeWork(
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

  ArchiveVolume admit(ArchiveVolume before, Command.Start start, Work.Merge merge)
      throws RefusedException, IOException {
    List<KeptDiff> chain = chain(before, start, merge);
    int destroyed = destroyed(before, chain, merge);
    return destroyed == 0
        ? before
        : admission.using(
            before,
            merge.grant(),
            "merge",
            "%d-%d".formatted(merge.fromGid(), merge.toGid()),
            merge.inputHash());
  }

  private int destroyed(ArchiveVolume volume, List<KeptDiff> chain, Work.Merge merge)
      throws IOException {
    Set<Long> forgotten = new HashSet<>();
    MergePlan.runs(chain, merge.fromGid(), merge.toGid(), admission.held(volume))
        .forEach(run -> forgotten.addAll(MergePlan.forgotten(run)));
    Restorables restorables = points.of(volume);
    return (int)
        restorables.points().stream().filter(point -> forgotten.contains(point.gid())).count();
  }

  /** The chain that has most between the two gids: that of the oldest image there. */
  private List<KeptDiff> chain(ArchiveVolume volume, Command.Start start, Work.Merge merge)
      throws RefusedException, IOException {
    if (volume.images().stream().allMatch(image -> image.base().isEmpty()))
      throw new RefusedException(
          Refusal.of(RefusalCode.NEEDS_LOG, "a volume without a log has no diffs")
              .attempted(
                  "merge %s from gid %d to %d"
                      .formatted(start.volume(), merge.fromGid(), merge.toGid())));
    return chain(volume, merge);
  }

  private List<KeptDiff> chain(ArchiveVolume volume, Work.Merge merge) throws IOException {
    return points.of(volume).chains().stream()
        .map(ImageChain::diffs)
        .max(Comparator.comparingLong(diffs -> within(diffs, merge)))
        .orElse(List.of());
  }

  private static long within(List<KeptDiff> diffs, Work.Merge merge) {
    return diffs.stream()
        .filter(kept ->
            kept.diff().from().begin() >= merge.fromGid()
                && kept.diff().to().begin() <= merge.toGid())
        .count();
  }

  Conclusion<ArchiveVolume> attempt(RunningOperation operation, Work.Merge merge)
      throws RefusedException, IOException, InterruptedException {
    String volume = operation.volume();
    ArchiveVolume first = store.get(volume);
    List<KeptDiff> before = inside(chain(first, merge), merge);
    int destroyed = destroyed(first, before, merge);
    operation.step("merging", bytes(before));
    operation.beginAt(0);
    long done = 0;
    while (true) {
      ArchiveVolume now = store.get(volume);
      Optional<List<KeptDiff>> step =
          MergePlan.next(chain(now, merge), merge.fromGid(), merge.toGid(), admission.held(now));
      if (step.isEmpty()) break;
      mergeOne(operation, step.get());
      done += bytes(step.get());
      operation.durable(done);
    }
    List<KeptDiff> after = inside(chain(store.get(volume), merge), merge);
    double seconds =
        Duration.between(operation.entry().started(), parts.time().now()).toMillis() / 1000.0;
    return new Conclusion<>(
        new WorkResult.Merged(
            before.size(), after.size(), bytes(before), bytes(after), destroyed, seconds),
        volumeNow -> volumeNow);
  }

  private static List<KeptDiff> inside(List<KeptDiff> chain, Work.Merge merge) {
    return chain.stream()
        .filter(kept -> kept.diff().from().begin() >= merge.fromGid())
        .filter(kept -> kept.diff().to().begin() <= merge.toGid())
        .toList();
  }

  private static long bytes(List<KeptDiff> diffs) {
    return diffs.stream().mapToLong(KeptDiff::fileBytes).sum();
  }

  /**
   * Makes one of them. In the transaction in which the old ones go nobody may hold a point between
   * them (rule X10); who comes later does not find it any more.
   */
  KeptDiff mergeOne(RunningOperation operation, List<KeptDiff> step)
      throws RefusedException, IOException, InterruptedException {
    String volume = operation.volume();
    DiffStore diffs = histories.of(volume);
    return new DiffMerging(diffs, compression(store.get(volume)), parts.pool())
        .merge(
            step,
            operation,
            replacement ->
                store.change(
                    volume,
                    now -> {
                      admission.requireFree(now, MergePlan.forgotten(step)::contains);
                      replacement.run();
                      return now;
                    }));
  }

  private static Compression compression(ArchiveVolume volume) {
    return volume
        .record()
        .flatMap(record -> record.shipping())
        .map(Shipping::compression)
        .orElse(Compression.DEFAULT);
  }
}
