package io.backstay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Looks at the disks as they are and compares them with what was promised. May be done at any
 * moment: what a server has told must be there at once, and after any crash.
 */
final class Inspection {
  private final SimulatedGroup group;
  private final Expectations expectations;
  private final Map<String, RestoreModel> restored = new TreeMap<>();
  private final Map<String, Integer> pathsUsed = new HashMap<>();
  private long bytesCompared;
  private long restoresCompared;

  Inspection(SimulatedGroup group, Expectations expectations) {
    this.group = group;
    this.expectations = expectations;
    expectations.committed(this::isCommitted);
  }

  private boolean isCommitted(String volume, String operation) {
    try {
      JsonNode meta = metadata(group.archive(), volume).orElseThrow();
      for (JsonNode image : meta.get("images"))
        if (image.get("operation").asText().equals(operation)) return true;
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long bytesCompared() {
    return bytesCompared;
  }

  long restoresCompared() {
    return restoresCompared;
  }

  /** Somebody asks for a restore to that path. */
  void pathUsed(SimulatedNode node, String path) {
    pathsUsed.merge(node.name() + path, 1, Integer::sum);
  }

  private boolean isOnlyOnce(SimulatedNode node, String path) {
    return pathsUsed.getOrDefault(node.name() + path, 0) == 1;
  }

  /** The metadata of all volumes at the archive. */
  void archive() throws IOException {
    for (VolumeModel volume : expectations.volumes().values()) {
      Optional<JsonNode> found = metadata(group.archive(), volume.name());
      JsonNode meta = found.orElse(null);
      if (meta == null) {
        if (!volume.told().isEmpty()) vanished(volume, volume.told().firstKey(), List.of());
        continue;
      }
      points(volume, meta);
      running(volume, meta);
      reading(volume, meta);
    }
    for (VolumeModel volume : expectations.volumes().values()) {
      Optional<JsonNode> meta = metadata(group.storage(), volume.name());
      if (meta.isPresent()) running(volume, meta.get());
    }
  }

  Optional<JsonNode> metadata(SimulatedServer server, String volume) throws IOException {
    return server.node().metadata("metadata", "volumes", volume);
  }

  private void points(VolumeModel volume, JsonNode meta) throws IOException {
    List<Long> gids = new ArrayList<>();
    for (JsonNode image : meta.get("images")) {
      JsonNode point = image.get("point");
      long gid = point.get("gid").asLong();
      gids.add(gid);
      PointModel known = volume.points().get(gid);
      if (known == null || !known.point().equals(point)) {
        if (known != null && volume.told().containsKey(gid))
          throw new Violation(
              "3",
              "gid %d of %s was %s and is %s".formatted(gid, volume.name(), known.point(), point));
        volume.points().put(gid, learn(volume, image, point));
      }
    }
    if (!gids.equals(gids.stream().sorted().distinct().toList()))
      throw new Violation("3", "gids of %s are %s".formatted(volume.name(), gids));
    for (long gid : volume.told().keySet()) {
      if (!gids.contains(gid) && !volume.mayGo().contains(gid)) vanished(volume, gid, gids);
    }
    long next = meta.get("nextGid").asLong();
    if (!volume.told().isEmpty() && next <= volume.told().lastKey())
      throw new Violation(
          "3",
          "the next gid of %s is %d after %d"
              .formatted(volume.name(), next, volume.told().lastKey()));
    for (long gid : gids) {
      if (gid >= next)
        throw new Violation(
            "3", "gid %d of %s, the next is %d".formatted(gid, volume.name(), next));
    }
  }

  private static void vanished(VolumeModel volume, long gid, List<Long> left) {
    throw new Violation(
        "3",
        "gid %d of %s, made by %s, is gone; left are %s"
            .formatted(gid, volume.name(), volume.told().get(gid), left));
  }

  /** A new point: its bytes must be what the source had while it was read (rule L10). */
  private PointModel learn(VolumeModel volume, JsonNode image, JsonNode point) throws IOException {
    long gid = point.get("gid").asLong();
    String operation = image.get("operation").asText();
    long serial = image.get("serial").asLong();
    long now = group.scheduler().nanos();
    PointModel bare =
        new PointModel(gid, serial, point, operation, volume.source().now().image(), now);
    long began = volume.beganNanos().getOrDefault(operation, 0L);
    List<Image> had = volume.source().between(began, now);
    String path = bare.rawPath(volume.name());
    boolean oneMoment = !point.get("proof").asText().equals(Point.Proof.UNPROVEN.word());
    Image content = oneMoment ? wholly(volume, path, had, point) : pieced(volume, path, had, point);
    bytesCompared += content.sizeBytes();
    return new PointModel(gid, serial, point, operation, content, now);
  }

  private Image wholly(VolumeModel volume, String path, List<Image> had, JsonNode point)
      throws IOException {
    for (Image image : had.reversed()) {
      if (image.firstDifference(group.archive().node(), path, image.sizeBytes()) < 0) return image;
    }
    throw new Violation(
        "3",
        "%s of %s is not what the source had at any time, at %s"
            .formatted(point, volume.name(), differences(had, path)));
  }

  private List<Long> differences(List<Image> had, String path) throws IOException {
    List<Long> at = new ArrayList<>();
    for (Image image : had)
      at.add(image.firstDifference(group.archive().node(), path, image.sizeBytes()));
    return at;
  }

  private Image pieced(VolumeModel volume, String path, List<Image> had, JsonNode point)
      throws IOException {
    Image result = had.getLast();
    for (int i = 0; i < result.ranges(); i++) {
      byte[] found =
          group.archive().node().read(path, (long) i * Image.RANGE_BYTES, Image.RANGE_BYTES);
      int range = i;
      byte[] same =
          had.stream()
              .map(image -> image.range(range))
              .filter(bytes -> Arrays.equals(bytes, found))
              .findFirst()
              .orElseThrow(() ->
                  new Violation(
                      "3",
                      "range %d of %s of %s is not what the source had"
                          .formatted(range, point, volume.name())));
      result = result.with(i, same);
    }
    return result;
  }

  private void running(VolumeModel volume, JsonNode meta) {
    List<OperationKind> kinds = new ArrayList<>();
    for (JsonNode entry : meta.get("ledger").get("entries")) {
      if (!entry.get("state").asText().equals("RUNNING")) continue;
      String is = entry.get("work").get("is").asText();
      kinds.add(OperationKind.valueOf(is.replace('-', '_').toUpperCase(java.util.Locale.ROOT)));
    }
    for (int i = 0; i < kinds.size(); i++) {
      for (int j = i + 1; j < kinds.size(); j++) {
        if (!Exclusion.mayRunBeside(kinds.get(i), kinds.get(j)))
          throw new Violation("7", "on %s run %s".formatted(volume.name(), kinds));
      }
    }
  }

  /** What is being read is there: its hold is respected (rule X10). */
  private void reading(VolumeModel volume, JsonNode meta) throws IOException {
    List<Long> gids = gids(volume);
    for (JsonNode entry : meta.get("ledger").get("entries")) {
      JsonNode gid = entry.get("work").get("gid");
      String is = entry.get("work").get("is").asText();
      boolean reads = is.equals("restore") || is.equals("verify");
      if (reads && entry.get("state").asText().equals("RUNNING") && !gids.contains(gid.asLong()))
        throw new Violation(
            "10", "%s of %s reads gid %s, which is gone".formatted(is, volume.name(), gid));
    }
  }

  // ---- bytes

  /** Every byte that was promised, on all disks: after a loss of power, and at the end. */
  void bytes(SimulatedNode node) throws IOException {
    if (node.equals(group.archive().node())) storedImages();
    targets(node);
    for (RestoreModel done : restored.values()) {
      if (done.node().equals(node) && isOnlyOnce(node, done.path())) compare(done);
    }
  }

  private void storedImages() throws IOException {
    archive();
    for (VolumeModel volume : expectations.volumes().values()) {
      JsonNode meta = metadata(group.archive(), volume.name()).orElse(null);
      if (meta == null) continue;
      for (JsonNode image : meta.get("images")) {
        PointModel point = volume.points().get(image.get("point").get("gid").asLong());
        if (!volume.rotten().contains(point.gid()))
          same(
              point.image(),
              group.archive().node(),
              point.rawPath(volume.name()),
              point.image().sizeBytes(),
              "gid %d of %s".formatted(point.gid(), volume.name()));
      }
      JsonNode partial = meta.get("partial");
      if (partial != null && !partial.isNull()) partial(volume, partial);
    }
  }

  /**
   * What an archive calls durable of an image on its way in. Once its source was written to it may
   * be of several moments: such a one never becomes a point.
   */
  private void partial(VolumeModel volume, JsonNode partial) throws IOException {
    String evidence = partial.get("stamp").get("evidence").asText();
    Optional<SourceVolume.Version> version = volume.source().version(evidence);
    if (version.isEmpty()) return;
    String path =
        "%s/volumes/%s/image-%06d.raw"
            .formatted(SimulatedNode.STATE, volume.name(), partial.get("serial").asLong());
    List<Image> had = volume.source().between(version.get().fromNanos(), group.scheduler().nanos());
    long durable = partial.get("durable").asLong();
    bytesCompared += durable;
    for (long at = 0; at < durable; at += Image.RANGE_BYTES) {
      int range = (int) (at / Image.RANGE_BYTES);
      byte[] found = group.archive().node().read(path, at, Image.RANGE_BYTES);
      if (had.stream().noneMatch(image -> Arrays.equals(image.range(range), found)))
        throw new Violation(
            "1", "%s says that %d is durable, but it is not at %d".formatted(path, durable, at));
    }
  }

  /** What a node calls durable of the restores that it writes. */
  private void targets(SimulatedNode node) throws IOException {
    for (String name : node.list("targets")) {
      if (name.endsWith(".tmp")) continue;
      JsonNode record = node.metadata(name, "targets").orElseThrow();
      String path = record.get("path").asText();
      long durable = record.get("durable").asLong();
      VolumeModel volume = expectations.volume(record.get("volume").asText());
      PointModel point = volume.points().get(record.get("gid").asLong());
      if (point == null || durable == 0 || !isOnlyOnce(node, path)) continue;
      same(point.image(), node, path, durable, "the target of " + record.get("operation").asText());
    }
  }

  private void same(Image image, SimulatedNode node, String path, long upTo, String what)
      throws IOException {
    long difference = image.firstDifference(node, path, upTo);
    bytesCompared += upTo;
    if (difference >= 0)
      throw new Violation(
          "3", "%s differs at %d in %s on %s".formatted(what, difference, path, node.name()));
  }

  /** A restore was said to be done. */
  void restored(RestoreModel done) throws IOException {
    restored.put(done.operation(), done);
    restoresCompared++;
    compare(done);
  }

  private void compare(RestoreModel done) throws IOException {
    same(
        done.image(),
        done.node(),
        done.path(),
        done.image().sizeBytes(),
        "what %s restored".formatted(done.operation()));
    long size = done.node().sizeBytes(done.path());
    if (size < done.image().sizeBytes())
      throw new Violation("3", "%s has %d bytes".formatted(done.path(), size));
  }

  // ---- at the end

  /** Gids that the archive has, oldest first. */
  List<Long> gids(VolumeModel volume) throws IOException {
    List<Long> gids = new ArrayList<>();
    Optional<JsonNode> meta = metadata(group.archive(), volume.name());
    if (meta.isPresent())
      meta.get().get("images").forEach(image -> gids.add(image.get("point").get("gid").asLong()));
    return gids;
  }

  /** No file without a name in the metadata, and nothing that still runs (invariant 6). */
  void steady() throws IOException {
    nothingRuns();
    for (VolumeModel volume : expectations.volumes().values()) files(volume);
  }

  void nothingRuns() throws IOException {
    for (VolumeModel volume : expectations.volumes().values()) {
      for (SimulatedServer server : List.of(group.archive(), group.storage())) {
        JsonNode meta = metadata(server, volume.name()).orElse(null);
        if (meta == null) continue;
        for (JsonNode entry : meta.get("ledger").get("entries")) {
          if (entry.get("state").asText().equals("RUNNING"))
            throw new Violation(
                "6",
                "%s still runs at %s: %s".formatted(entry.get("operation"), server.name(), entry));
        }
      }
    }
  }

  private void files(VolumeModel volume) throws IOException {
    JsonNode meta = metadata(group.archive(), volume.name()).orElse(null);
    if (meta == null) return;
    TreeSet<String> named = new TreeSet<>(List.of("metadata"));
    meta.get("images").forEach(image -> named.addAll(imageFiles(image, "raw", "sums", "note")));
    if (!meta.path("partial").isNull())
      named.addAll(imageFiles(meta.get("partial"), "raw", "sums"));
    TreeSet<String> found = new TreeSet<>(group.archive().node().list("volumes", volume.name()));
    found.removeIf(name -> name.endsWith(".tmp"));
    // Of a volume without a log there are none.
    if (group.archive().node().list("volumes", volume.name(), "diffs").isEmpty())
      found.remove("diffs");
    if (!found.equals(named))
      throw new Violation(
          "6", "files of %s are %s, its metadata names %s".formatted(volume.name(), found, named));
  }

  private static List<String> imageFiles(JsonNode image, String... kinds) {
    long serial = image.get("serial").asLong();
    return Stream.of(kinds).map(kind -> "image-%06d.%s".formatted(serial, kind)).toList();
  }
}
