package io.backstay.archive;

import io.backstay.export.PointReader;
import io.backstay.export.Points;
import io.backstay.model.Hold;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** The points of an archive, for its exports. */
final class LentPoints implements Points {
  private static final int RANGE_BYTES = ImageChunk.RANGE_BYTES;

  /** Until somebody closes it: longer than anybody runs this release. */
  private static final Duration HELD = Duration.ofDays(36_500);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final PointImages points;

  LentPoints(RoleParts parts, VolumeStore<ArchiveVolume> store, PointImages points) {
    this.parts = parts;
    this.store = store;
    this.points = points;
  }

  @Override
  public void hold(String volume, long gid, String holder) throws RefusedException, IOException {
    store.change(
        volume,
        before -> {
          require(before, gid);
          return before.hold(new Hold(holder, gid, parts.time().now().plus(HELD)));
        });
  }

  @Override
  public void release(String volume, String holder) throws IOException {
    store.update(volume, before -> before.release(holder));
  }

  @Override
  public PointReader open(String volume, long gid) throws RefusedException, IOException {
    ArchiveVolume known = store.get(volume);
    require(known, gid);
    return new LentPoint(points.open(volume, gid));
  }

  private record LentPoint(PointImage image) implements PointReader {
    @Override
    public long sizeBytes() {
      return image.sizeBytes();
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
      image.readBlock(offset, into);
    }

    @Override
    public long nextData(long offset) throws IOException {
      long range = offset / RANGE_BYTES * RANGE_BYTES;
      return Math.max(offset, image.nextData(range));
    }

    @Override
    public void close() throws IOException {
      image.close();
    }
  }

  private void require(ArchiveVolume volume, long gid) throws RefusedException, IOException {
    if (volume.record().isEmpty())
      throw new RefusedException(
          RefusalCode.UNKNOWN_VOLUME, "no volume " + volume.volume() + " is kept here");
    points.of(volume).require(gid, "export point " + gid);
  }
}
