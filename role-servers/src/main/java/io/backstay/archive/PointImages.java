package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.history.DamagedDiffException;
import io.backstay.history.DiffLayer;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.image.Range;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BufferPool;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The points of all volumes of an archive, and their images for whoever reads one. */
final class PointImages {
  /** How often a chain may have become another one while it was opened. */
  private static final int ATTEMPTS_MAX = 20;

  private final VolumeStore<ArchiveVolume> store;
  private final VolumeHistories histories;
  private final OpenImages open = new OpenImages();
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  /** What was computed for that very state. */
  private record Known(
      List<Image> images,
      long version,
      Optional<QuietTimes.Quiet> quiet,
      Restorables restorables) {}

  PointImages(VolumeStore<ArchiveVolume> store, VolumeHistories histories) {
    this.store = store;
    this.histories = histories;
  }

  OpenImages open() {
    return open;
  }

  Restorables of(String volume) throws IOException {
    return of(store.get(volume));
  }

  /** What can be restored of a volume that is as its metadata says. */
  Restorables of(ArchiveVolume volume) throws IOException {
    DiffStore diffs = histories.of(volume.volume());
    long version = diffs.version();
    Optional<QuietTimes.Quiet> quiet = histories.quiet(volume.volume());
    Known last = known.get(volume.volume());
    boolean same =
        last != null
            && last.version == version
            && last.images.equals(volume.images())
            && last.quiet.equals(quiet);
    if (same) return last.restorables;
    List<ImageChain> chains = new ArrayList<>();
    for (Image image : volume.images()) {
      List<KeptDiff> kept = image.base().map(base -> diffs.of(base.session())).orElse(List.of());
      chains.add(ImageChain.of(image, kept));
    }
    Restorables restorables = new Restorables(volume.volume(), chains, quiet);
    known.put(volume.volume(), new Known(volume.images(), version, quiet, restorables));
    return restorables;
  }

  /**
   * Opens the image of a point. Whoever needs it for long has a hold of it.
   *
   * @throws RefusedException where there is no such point, or its evidence is damaged
   */
  PointImage open(String volume, long gid) throws RefusedException, IOException {
    try {
      for (int i = 0; i < ATTEMPTS_MAX; i++) {
        Optional<PointImage> opened = tryToOpen(volume, gid);
        if (opened.isPresent()) return opened.get();
      }
      throw new IOException(
          "the diffs of %s change too fast to open point %d".formatted(volume, gid));
    } catch (CorruptImageException | DamagedDiffException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.CORRUPT, "the evidence of point %d is damaged".formatted(gid))
              .attempted("read point %d of %s".formatted(gid, volume))
              .found(e.getMessage())
              .next("make a full backup now; other points can still be restored"));
    }
  }

  /** Empty where image or diffs became others meanwhile. */
  private Optional<PointImage> tryToOpen(String volume, long gid)
      throws RefusedException, IOException {
    Restorables restorables = of(volume);
    restorables.require(gid, "read point " + gid);
    Recipe recipe = restorables.recipe(gid).orElseThrow();
    OpenImages.Use use = open.use(volume, recipe.image(), gid);
    boolean opened = false;
    try {
      // Behind an apply that is being admitted now: it has not seen this reader, or this sees it.
      Optional<Image> now = isStill(recipe, store.change(volume, before -> before));
      if (now.isEmpty()) return Optional.empty();
      Optional<PointImage> image = open(volume, now.get(), recipe, use);
      opened = image.isPresent();
      return image;
    } finally {
      if (!opened) use.close();
    }
  }

  /** The image as it is now, where the recipe still makes the point of it. */
  private static Optional<Image> isStill(Recipe recipe, ArchiveVolume now) {
    return now.images().stream()
        .filter(image -> image.serial() == recipe.image().serial())
        .filter(image -> image.base().equals(recipe.image().base()))
        .filter(image ->
            image.applying().isEmpty() || image.applying().get().to().gid() <= recipe.gid())
        .findFirst();
  }

  private Optional<PointImage> open(String volume, Image image, Recipe recipe, OpenImages.Use use)
      throws IOException {
    if (recipe.diffs().isEmpty()) return Optional.of(new Held(stored(volume, image), use));
    Optional<DiffStore.Pin> pin = histories.of(volume).pin(recipe.diffs());
    if (pin.isEmpty()) return Optional.empty();
    DiffLayer layer = DiffLayer.open(pin.get(), recipe.diffs(), histories.memory());
    try {
      return Optional.of(
          new VirtualImage(
              stored(volume, image), layer, use, recipe.sizeBytes(), histories.time()));
    } catch (IOException | RuntimeException e) {
      layer.close();
      throw e;
    }
  }

  private StoredImage stored(String volume, Image image) throws IOException {
    long sizeBytes = image.point().sizeBytes();
    return new StoredImage(
        ImageFiles.open(
            store.directory(volume),
            image.serial(),
            sizeBytes,
            image.applying().map(Applying::sizeBytes).orElse(sizeBytes)));
  }

  /** An image that is a point by itself. */
  private record Held(StoredImage image, OpenImages.Use use) implements PointImage {
    @Override
    public long sizeBytes() {
      return image.sizeBytes();
    }

    @Override
    public long nextData(long offset) throws IOException {
      return image.nextData(offset);
    }

    @Override
    public Range read(long offset, BufferPool.Lease lease) throws IOException {
      return image.read(offset, lease);
    }

    @Override
    public void readBlock(long offset, ByteBuffer into) throws IOException {
      image.readBlock(offset, into);
    }

    @Override
    public void close() throws IOException {
      try (use) {
        image.close();
      }
    }
  }
}
