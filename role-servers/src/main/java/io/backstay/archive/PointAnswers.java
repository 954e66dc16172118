package io.backstay.archive;

import io.backstay.chain.Snap;
import io.backstay.history.KeptDiff;
import io.backstay.image.Range;
import io.backstay.image.RangeHash;
import io.backstay.model.Bytes;
import io.backstay.model.Hold;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.server.RoleParts;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.Command;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an archive answers of the points of its volumes. */
final class PointAnswers {
  private static final Logger LOG = LoggerFactory.getLogger(PointAnswers.class);

  private final RoleParts parts;
  private final VolumeStore<ArchiveVolume> store;
  private final VolumeHistories histories;
  private final PointImages points;

  PointAnswers(
      RoleParts parts,
      VolumeStore<ArchiveVolume> store,
      VolumeHistories histories,
      PointImages points) {
    this.parts = parts;
    this.store = store;
    this.histories = histories;
    this.points = points;
  }

  Reply.Points list(Command.ListPoints list) throws RefusedException, IOException {
    Restorables restorables = points.of(known(list.volume()));
    int max = Command.ListPoints.POINTS_MAX;
    List<Point> found = restorables.points(list.fromGid(), list.newest(), max);
    boolean more =
        !found.isEmpty() && restorables.newest().orElseThrow().gid() > found.getLast().gid();
    return new Reply.Points(found, more, Optional.of(restorables.points().size()));
  }

  private ArchiveVolume known(String volume) throws RefusedException {
    ArchiveVolume found = store.get(volume);
    if (found.record().isPresent()) return found;
    throw new RefusedException(RefusalCode.UNKNOWN_VOLUME, "no volume " + volume + " is kept here");
  }

  /** Durable when it returns (rule X10). */
  void hold(Command.TakeHold hold) throws RefusedException, IOException {
    store.change(
        hold.volume(),
        before -> {
          points.of(before).require(hold.gid(), "hold a point");
          return before.hold(
              new Hold(hold.operation(), hold.gid(), parts.time().now().plus(hold.keep())));
        });
  }

  /** Whether merges keep a point; durable when it returns. */
  void keep(Command.KeepSnapshot keep) throws RefusedException, IOException {
    Restorables restorables = points.of(known(keep.volume()));
    restorables.require(keep.gid(), "keep a snapshot");
    if (histories.of(keep.volume()).keep(keep.gid(), keep.kept())) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NEWEST_POINT, "no diff leads on from that point yet")
            .attempted(
                "say whether merges keep point %d of %s".formatted(keep.gid(), keep.volume()))
            .found("it is the newest, which no merge takes away")
            .next("say it when the next diff has come"));
  }

  Reply.Hashes hashes(Command.HashRanges hash)
      throws RefusedException, IOException, InterruptedException {
    Restorables restorables = points.of(known(hash.volume()));
    long gid =
        hash.gid()
            .or(() -> restorables.newest().map(Point::gid))
            .orElseThrow(() ->
                new RefusedException(
                    RefusalCode.POINT_NOT_REACHABLE, "no point of " + hash.volume()));
    try (PointImage image = points.open(hash.volume(), gid)) {
      ByteBuffer hashes = ByteBuffer.allocate(ImageChunk.HASH_BYTES * hash.ranges());
      for (int i = 0; i < hash.ranges(); i++) {
        long at = hash.offset() + (long) i * ImageChunk.RANGE_BYTES;
        if (at >= image.sizeBytes()) break;
        hashes.put(hash(image.read(at, parts.pool().take())).toArray());
      }
      byte[] found = new byte[hashes.position()];
      hashes.flip().get(found);
      return new Reply.Hashes(hash.offset(), Bytes.of(found));
    }
  }

  private static Bytes hash(Range range) {
    return switch (range) {
      case Range.Kept kept ->
          throw new IllegalStateException("nothing is kept while reading: " + kept);
      case Range.Zeroes zeroes -> RangeHash.of(ByteBuffer.allocate((int) zeroes.lengthBytes()));
      case Range.Chunk data -> {
        try (var payload = data.payload()) {
          yield RangeHash.of(data.chunk(), payload.bytes());
        }
      }
    };
  }

  Optional<Point> newest(ArchiveVolume volume) {
    try {
      return points.of(volume).newest();
    } catch (IOException e) {
      LOG.warn("{}: its points are not known now: {}", volume.volume(), e.toString());
      return Optional.empty();
    }
  }

  /** What there is of a logged volume beside its images. */
  Optional<Reply.ChainFacts> chain(ArchiveVolume volume) {
    boolean logged =
        volume.sessions().current().isPresent() || !volume.sessions().pending().isEmpty();
    if (!logged) return Optional.empty();
    try {
      Restorables restorables = points.of(volume);
      List<KeptDiff> diffs = histories.of(volume.volume()).all();
      OptionalLong latest = restorables.latestGid();
      return Optional.of(
          new Reply.ChainFacts(
              volume.sessions().current().map(Session::number),
              volume.sessions().pending().stream().map(Session::number).toList(),
              diffs.size(),
              diffs.stream().mapToLong(KeptDiff::fileBytes).sum(),
              latest.isPresent() ? Optional.of(latest.getAsLong()) : Optional.empty(),
              restorables.newest().map(point -> point.quietUntil().orElse(point.time())),
              missing(volume, diffs, latest),
              volume.partial().isPresent()));
    } catch (IOException e) {
      LOG.warn("{}: its diffs are not known now: {}", volume.volume(), e.toString());
      return Optional.empty();
    }
  }

  /** A hole in the diffs of the session that is followed, and what is damaged. */
  private Optional<String> missing(ArchiveVolume volume, List<KeptDiff> diffs, OptionalLong latest)
      throws IOException {
    List<String> missing = new ArrayList<>(histories.of(volume.volume()).damage());
    Optional<Session> current = volume.sessions().current();
    if (current.isPresent() && latest.isPresent()) {
      diffs.stream()
          .filter(kept -> kept.session().uuid().equals(current.get().uuid()))
          .map(kept -> kept.diff().from())
          .mapToLong(Snap::begin)
          .filter(begin -> begin > latest.getAsLong())
          .min()
          .ifPresent(begin ->
              missing.add("no diff from gid %d to gid %d".formatted(latest.getAsLong(), begin)));
    }
    return missing.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", missing));
  }
}
