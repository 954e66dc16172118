package io.backstay.archive;

import io.backstay.export.PointReader;
import io.backstay.export.Points;
import io.backstay.export.RangePointReader;
import io.backstay.model.Hold;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;

/** The points of an archive, for its exports. */
final class LentPoints implements Points {
  /** Until somebody closes it: longer than anybody runs this release. */
  private static final Duration HELD = Duration.ofDays(36_500);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final ArchiveOperations role;

  LentPoints(RoleParts parts, VolumeStore<ArchiveVolume> store, ArchiveOperations role) {
    this.parts = parts;
    this.store = store;
    this.role = role;
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
    return new RangePointReader<>(role.open(known, gid), parts.pool());
  }

  private static void require(ArchiveVolume volume, long gid) throws RefusedException {
    if (volume.record().isEmpty())
      throw new RefusedException(
          RefusalCode.UNKNOWN_VOLUME, "no volume " + volume.volume() + " is kept here");
    if (volume.image(gid).isPresent()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.POINT_NOT_REACHABLE, "there is no point with gid %d".formatted(gid))
            .attempted("export %s at gid %d".formatted(volume.volume(), gid))
            .next("see 'backstay point list " + volume.volume() + "'"));
  }
}
