package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.chain.Snap;
import io.backstay.device.FileDirectory;
import io.backstay.diff.DiffDraft;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.history.DiffStore;
import io.backstay.image.RangeHash;
import io.backstay.image.RangeWalk;
import io.backstay.image.Transfer;
import io.backstay.model.Compression;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading an image from one end to the other, alone and with a hundred diffs of random writes over
 * it: operations per second are MiB/s. The second is to be at least 0.7 of the first.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class VirtualImageBenchmark {
  private static final int RANGES = 512;
  private static final long IMAGE_BYTES = (long) RANGES * ImageChunk.RANGE_BYTES;
  private static final int DIFFS = 100;

  /** At a steady 50 MiB in 5 s the writes of 100 cuts would be ten times the image. */
  private static final int WRITES_EACH = 640;

  private static final int WRITE_SECTORS = 8;
  private static final Session SESSION = new Session(1, new SessionUuid(1, 2), Optional.of(0L), 0);

  private final BufferPool pool = new BufferPool(16, ImageChunk.RANGE_BYTES);
  private Path place;
  private PointImage alone;
  private PointImage under;

  @Setup(Level.Trial)
  public void make() throws Exception {
    place = Files.createTempDirectory("backstay-virtual");
    Directory directory = FileDirectory.at(place);
    VolumeStore<ArchiveVolume> store =
        new VolumeStore<>(directory, ArchiveVolume.class, ArchiveVolume::unknown);
    Random random = new Random(1);
    writeImage(store.directory("vol0"), random);
    store.update("vol0", before -> before.with(List.of(image())));
    VolumeHistories histories = new VolumeHistories(store, Time.system());
    for (int gid = 0; gid < DIFFS; gid++) writeDiff(histories.of("vol0"), gid, random);
    PointImages points = new PointImages(store, histories);
    alone = points.open("vol0", 0);
    under = points.open("vol0", DIFFS);
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

  private static Image image() {
    return new Image(
        0,
        "backup",
        new Point(
            0, Instant.EPOCH, Optional.empty(), true, IMAGE_BYTES, IMAGE_BYTES, Point.Proof.FROZEN),
        Optional.of(new Generations(SESSION, cut(0), cut(0))));
  }

  private static void writeImage(Directory directory, Random random) throws IOException {
    try (ImageFiles files = ImageFiles.create(directory, 0, IMAGE_BYTES);
        SidecarWriting entries = new SidecarWriting(files.sidecar(), IMAGE_BYTES)) {
      ByteBuffer range = BufferPool.aligned(ImageChunk.RANGE_BYTES);
      byte[] content = new byte[ImageChunk.RANGE_BYTES];
      for (int i = 0; i < RANGES; i++) {
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

  private static void writeDiff(DiffStore diffs, int gid, Random random) throws IOException {
    TreeSet<Integer> places = new TreeSet<>();
    int blocks = (int) (IMAGE_BYTES / 512 / WRITE_SECTORS);
    while (places.size() < WRITES_EACH) places.add(random.nextInt(blocks));
    ByteBuffer data = ByteBuffer.allocateDirect(WRITE_SECTORS * 512);
    byte[] content = new byte[data.capacity()];
    try (DiffDraft draft = diffs.draft(BufferPool.aligned(1 << 20));
        SortedDiffWriter writer =
            new SortedDiffWriter(draft, SESSION.uuid(), Compression.DEFAULT)) {
      for (int at : places) {
        random.nextBytes(content);
        java.util.Arrays.fill(content, content.length / 2, content.length, (byte) 7);
        writer.add(
            (long) at * WRITE_SECTORS,
            WRITE_SECTORS,
            Kind.NORMAL,
            data.clear().put(content).flip());
      }
      writer.finish();
      DiffSidecar sidecar =
          new DiffSidecar(
              "vol0",
              SESSION,
              Snap.clean(gid),
              Snap.clean(gid + 1),
              cut(gid),
              List.of(cut(gid + 1)),
              false,
              IMAGE_BYTES,
              1,
              List.of("a0"),
              writer.fileBytes(),
              writer.packs(),
              writer.checksums());
      diffs.commit(draft, sidecar, true);
    }
  }

  @Benchmark
  @OperationsPerInvocation(RANGES)
  public long readsTheImageAlone() throws Exception {
    return new RangeWalk(Time.system(), pool, new Unwatched(), 0).walk(alone, 0);
  }

  @Benchmark
  @OperationsPerInvocation(RANGES)
  public long readsItUnderAHundredDiffs() throws Exception {
    return new RangeWalk(Time.system(), pool, new Unwatched(), 0).walk(under, 0);
  }

  @TearDown(Level.Trial)
  public void remove() throws IOException {
    alone.close();
    under.close();
    FileDirectory.at(place.getParent()).delete(place.getFileName().toString());
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
