package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.archive.QuietTimes.Quiet;
import io.backstay.chain.Diff;
import io.backstay.chain.DiffChain;
import io.backstay.chain.ImageState;
import io.backstay.chain.Snap;
import io.backstay.history.KeptDiff;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An image and the diffs that lead on from it without a hole. Of a volume without a log the image
 * is all there is.
 *
 * @param kept all diffs of the image's session
 * @param diffs those of the chain, oldest first
 */
record ImageChain(Image image, List<KeptDiff> kept, List<KeptDiff> diffs) {

  static ImageChain of(Image image, List<KeptDiff> kept) {
    if (image.base().isEmpty()) return new ImageChain(image, List.of(), List.of());
    Map<Diff, KeptDiff> byDiff = byDiff(kept);
    ImageState state = state(image);
    List<Diff> chain = new ArrayList<>(DiffChain.toFinishApplying(state, byDiff.keySet()));
    Snap reached = DiffChain.apply(state.image(), chain);
    chain.addAll(DiffChain.chain(reached, byDiff.keySet()));
    return new ImageChain(image, kept, chain.stream().map(byDiff::get).toList());
  }

  private static Map<Diff, KeptDiff> byDiff(Collection<KeptDiff> kept) {
    Map<Diff, KeptDiff> byDiff = new HashMap<>();
    for (KeptDiff one : kept) byDiff.put(one.diff(), one);
    return byDiff;
  }

  static ImageState state(Image image) {
    return new ImageState(
        image.base().orElseThrow().snap(),
        image.applying().map(applying -> Snap.clean(applying.to().gid())));
  }

  /** What makes the image of that gid, where image and diffs lead exactly there. */
  Optional<Recipe> recipe(long gid) {
    if (image.base().isEmpty())
      return image.point().gid() == gid ? Optional.of(recipe(gid, List.of())) : Optional.empty();
    Map<Diff, KeptDiff> byDiff = byDiff(kept);
    return DiffChain.cleanChainUpTo(state(image), byDiff.keySet(), gid)
        .map(chain -> recipe(gid, chain.stream().map(byDiff::get).toList()));
  }

  private Recipe recipe(long gid, List<KeptDiff> made) {
    long sizeBytes = made.isEmpty() ? image.point().sizeBytes() : made.getLast().volumeBytes();
    return new Recipe(gid, image, made, sizeBytes);
  }

  /** What an apply that began on the image has to apply. */
  List<KeptDiff> toFinishApplying() {
    Map<Diff, KeptDiff> byDiff = byDiff(kept);
    return DiffChain.toFinishApplying(state(image), byDiff.keySet()).stream()
        .map(byDiff::get)
        .toList();
  }

  /** The newest state that it leads to, clean or not. */
  Optional<Snap> reaches() {
    return image
        .base()
        .map(base -> DiffChain.apply(base.snap(), diffs.stream().map(KeptDiff::diff).toList()));
  }

  /**
   * All clean states, oldest first.
   *
   * @param quiet what the storage said of the time after its newest cut
   */
  List<Point> points(Optional<Quiet> quiet) {
    if (image.base().isEmpty()) return List.of(image.point());
    List<Optional<Instant>> quietBehind = quietBehind(quiet);
    List<Point> points = new ArrayList<>();
    Snap reached = image.base().get().snap();
    if (reached.isClean() && image.applying().isEmpty())
      points.add(quiet(image.point(), quietBehind.getFirst()));
    long usableFrom = image.applying().map(applying -> applying.to().gid()).orElse(0L);
    for (int i = 0; i < diffs.size(); i++) {
      reached = DiffChain.apply(reached, diffs.get(i).diff());
      if (reached.isClean() && reached.begin() >= usableFrom)
        points.add(quiet(point(i), quietBehind.get(i + 1)));
    }
    return points;
  }

  private Point point(int i) {
    KeptDiff kept = diffs.get(i);
    Cut cut = kept.end();
    boolean isLast = i + 1 == diffs.size();
    return new Point(
        cut.gid(),
        cut.time(),
        cut.label(),
        true,
        kept.volumeBytes(),
        kept.fileBytes(),
        Point.Proof.FROZEN,
        isLast ? cut.explicit() : !diffs.get(i + 1).diff().mergeable(),
        Optional.empty());
  }

  private static Point quiet(Point point, Optional<Instant> until) {
    return new Point(
        point.gid(),
        point.time(),
        point.label(),
        point.clean(),
        point.sizeBytes(),
        point.storedBytes(),
        point.proof(),
        point.explicit(),
        until.filter(then -> then.isAfter(point.time())));
  }

  /**
   * Until when nothing was written behind the image and behind each diff (rule M4): the first write
   * before the next cut says so, or the storage did.
   */
  private List<Optional<Instant>> quietBehind(Optional<Quiet> quiet) {
    List<Optional<Instant>> behind = new ArrayList<>();
    for (int i = 0; i <= diffs.size(); i++) behind.add(Optional.empty());
    Cut last = diffs.isEmpty() ? image.base().orElseThrow().end() : diffs.getLast().end();
    behind.set(
        diffs.size(),
        quiet
            .filter(one -> one.session() == last.session() && one.gid() == last.gid())
            .map(Quiet::at));
    for (int i = diffs.size() - 1; i >= 0; i--) {
      KeptDiff next = diffs.get(i);
      long here = i == 0 ? image.base().orElseThrow().end().gid() : diffs.get(i - 1).end().gid();
      // One that begins earlier says nothing of the time after this very cut.
      if (next.begin().gid() != here) continue;
      Optional<Instant> further = next.isQuiet() ? behind.get(i + 1) : Optional.empty();
      behind.set(i, further.or(next::quietUntil));
    }
    return behind;
  }
}
