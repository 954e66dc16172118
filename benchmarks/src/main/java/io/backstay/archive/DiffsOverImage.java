package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.chain.Snap;
import io.backstay.device.FileDirectory;
import io.backstay.device.HugePages;
import io.backstay.diff.DiffDraft;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.history.DiffStore;
import io.backstay.image.RangeHash;
import io.backstay.image.RangeWalk;
import io.backstay.image.Transfer;
import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.volume.VolumeStore;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;

/**
 * An image, and over it the diffs of a hundred cuts of random writes, as an archive keeps them:
 * read from one end to the other with and without these.
 */
public final class DiffsOverImage implements AutoCloseable {
  public static final int DIFFS = 100;

  /** At a steady 50 MiB in 5 s the writes of 100 cuts would be ten times the image. */
  private static final int WRITES_EACH = 640;

  private static final int WRITE_SECTORS = 8;
  private static final String VOLUME = "vol0";
  private static final Session SESSION = new Session(1, new SessionUuid(1, 2), Optional.of(0L), 0);

  private final BufferPool pool = new BufferPool(16, ImageChunk.RANGE_BYTES, HugePages::allocate);
  private final int ranges;
  private final PointImage alone;
  private final PointImage under;

  private DiffsOverImage(Path place, int ranges)
      throws RefusedException, IOException, InterruptedException {
    this.ranges = ranges;
    Directory directory = FileDirectory.at(place);
    VolumeStore<ArchiveVolume> store =
        new VolumeStore<>(directory, ArchiveVolume.class, ArchiveVolume::unknown);
    Random random = new Random(1);
    writeImage(store.directory(VOLUME), random);
    store.update(VOLUME, before -> before.ready(signed(), record()).commit(image()));
    VolumeHistories histories = new VolumeHistories(store, Time.system());
    for (int gid = 0; gid < DIFFS; gid++) writeDiff(histories.of(VOLUME), gid, random);
    PointImages points = new PointImages(store, histories);
    this.alone = points.open(VOLUME, 0);
    this.under = points.open(VOLUME, DIFFS);
  }

  /**
   * @param place an empty directory
   * @param ranges of 1 MiB
   */
  public static DiffsOverImage make(Path place, int ranges)
      throws RefusedException, IOException, InterruptedException {
    return new DiffsOverImage(place, ranges);
  }

  public long readImageAlone() throws RefusedException, IOException, InterruptedException {
    return new RangeWalk(Time.system(), pool, new Unwatched(), 0).walk(alone, 0);
  }

  public long readUnderDiffs() throws RefusedException, IOException, InterruptedException {
    return new RangeWalk(Time.system(), pool, new Unwatched(), 0).walk(under, 0);
  }

  @Override
  public void close() throws IOException {
    alone.close();
    under.close();
  }

  private long imageBytes() {
    return (long) ranges * ImageChunk.RANGE_BYTES;
  }

  private static Cut cut(long gid) {
    return new Cut(
        1,
        gid * 10_000,
        gid,
        Instant.EPOCH.plusSeconds(5 * gid),
        Optional.empty(),
        false,
        Optional.empty());
  }

  /** Nobody checks it here. */
  private static Signed signed() {
    Bytes nothing = Bytes.of(new byte[0]);
    return new Signed(nothing, nothing, nothing);
  }

  private ProtectionRecord record() {
    LogPlan log = new LogPlan("/nowhere/log", 1 << 30, 1 << 20);
    return new ProtectionRecord(
        1,
        VOLUME,
        VolumeKind.LOGGED,
        imageBytes(),
        "/nowhere/data",
        "s0",
        List.of("a0"),
        "a0",
        Optional.of(log));
  }

  private Image image() {
    return new Image(
        0,
        "backup",
        new Point(
            0,
            Instant.EPOCH,
            Optional.empty(),
            true,
            imageBytes(),
            imageBytes(),
            Point.Proof.FROZEN),
        Optional.of(new Generations(SESSION, cut(0), cut(0))));
  }

  private void writeImage(Directory directory, Random random) throws IOException {
    try (ImageFiles files = ImageFiles.create(directory, 0, imageBytes());
        SidecarWriting entries = new SidecarWriting(files.sidecar(), imageBytes())) {
      ByteBuffer range = BufferPool.aligned(ImageChunk.RANGE_BYTES);
      byte[] content = new byte[ImageChunk.RANGE_BYTES];
      for (int i = 0; i < ranges; i++) {
        random.nextBytes(content);
        range.clear().put(content).flip();
        long offset = (long) i * ImageChunk.RANGE_BYTES;
        ImageChunk chunk =
            new ImageChunk(offset, ImageChunk.RANGE_BYTES, 0xffff, RangeHash.of(range));
        entries.at(i).put(i, chunk, Payload.checksumsOf(range));
        files.image().write(offset, range);
      }
    }
  }

  private void writeDiff(DiffStore diffs, int gid, Random random) throws IOException {
    TreeSet<Integer> places = new TreeSet<>();
    int blocks = (int) (imageBytes() / 512 / WRITE_SECTORS);
    while (places.size() < WRITES_EACH) places.add(random.nextInt(blocks));
    ByteBuffer data = ByteBuffer.allocateDirect(WRITE_SECTORS * 512);
    byte[] content = new byte[data.capacity()];
    try (DiffDraft draft = diffs.draft(BufferPool.aligned(1 << 20));
        SortedDiffWriter writer =
            new SortedDiffWriter(draft, SESSION.uuid(), Compression.DEFAULT)) {
      for (int at : places) {
        random.nextBytes(content);
        Arrays.fill(content, content.length / 2, content.length, (byte) 7);
        writer.add(
            (long) at * WRITE_SECTORS,
            WRITE_SECTORS,
            Kind.NORMAL,
            data.clear().put(content).flip());
      }
      writer.finish();
      DiffSidecar sidecar =
          new DiffSidecar(
              VOLUME,
              SESSION,
              Snap.clean(gid),
              Snap.clean(gid + 1),
              cut(gid),
              List.of(cut(gid + 1)),
              false,
              imageBytes(),
              1,
              List.of("a0"),
              writer.fileBytes(),
              writer.packs(),
              writer.checksums());
      diffs.commit(draft, sidecar, true);
    }
  }

  /** Nobody watches, and nobody stops it. */
  private static final class Unwatched implements Transfer {
    @Override
    public void moved(long upTo, long bytes) {}

    @Override
    public void durable(long upTo) {}

    @Override
    public void checkpoint() throws RefusedException {}
  }
}
