package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.nbd.NbdClient;
import io.backstay.nbd.RawClient;
import io.backstay.proof.RecordedWrites.Recorded;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * A logged volume of a real group, a client that writes to it all the time and remembers what, and
 * what comes back of it.
 */
final class ContinuousVolume implements AutoCloseable {
  static final int MEBIBYTES = 24;
  static final long SIZE = (long) MEBIBYTES * Volumes.MIB;

  private static final Duration LOOK_EVERY = Duration.ofMillis(300);

  /** Also where each look takes long, since a server does not answer. */
  private static final Duration AWAIT_MAX = Duration.ofMinutes(2);

  private final RealGroup group;
  private final String name;
  private final List<String> archives;
  private final RecordedWrites writes;
  private int targets;

  private ContinuousVolume(
      RealGroup group, String name, List<String> archives, RecordedWrites writes) {
    this.group = group;
    this.name = name;
    this.archives = archives;
    this.writes = writes;
  }

  /**
   * Adds one with a cut in each second; the client writes from the beginning.
   *
   * @param archives the first is the primary
   * @param more options of {@code volume add}; a device has {@link #SIZE}
   */
  static ContinuousVolume add(
      RealGroup group, String name, List<String> archives, long seed, String... more)
      throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("volume", "add", name, "--kind", "logged"));
    if (!List.of(more).contains("--device")) line.addAll(List.of("--size", MEBIBYTES + "M"));
    line.addAll(List.of("--tail-size", "8M", "--cut-interval", "1s"));
    line.addAll(List.of("--archive", String.join(",", archives)));
    line.addAll(List.of(more));
    group.succeed(line.toArray(String[]::new));
    String uri = group.succeed("volume", "show", name).path("volume").path("nbdUri").asText();
    RecordedWrites writes = RecordedWrites.start(name, NbdClient.address(uri), SIZE, seed);
    return new ContinuousVolume(group, name, archives, writes);
  }

  RecordedWrites writes() {
    return writes;
  }

  /** To each archive; the log follows from then on. */
  void backUp() throws IOException, InterruptedException {
    for (String archive : archives) group.succeed("backup", "full", name, "--archive", archive);
  }

  JsonNode show() throws IOException, InterruptedException {
    return group.succeed("volume", "show", name).path("volume");
  }

  /** What is shown of one archive. */
  JsonNode shown(String archive) throws IOException, InterruptedException {
    for (JsonNode one : show().path("hops").path("archives"))
      if (one.path("server").asText().equals(archive)) return one;
    throw new AssertionError(archive + " is no archive of " + name);
  }

  /** Gid of the newest that it can restore; below all gids where it was not heard. */
  long newest(String archive) throws IOException, InterruptedException {
    return shown(archive).path("newestRestorable").path("gid").asLong(-1);
  }

  /** Waits until a snapshot that is taken now is restorable, and answers its gid. */
  long snapshot(String label) throws IOException, InterruptedException {
    JsonNode taken = group.succeed("snapshot", "take", name, "--label", label);
    assertThat(taken.path("restorable").asBoolean()).as("%s", taken).isTrue();
    return taken.path("gid").asLong();
  }

  /** Waits until every archive can restore what the volume is from now on. */
  List<Recorded> end() throws IOException, InterruptedException {
    List<Recorded> written = writes.stop();
    long end = snapshot("end");
    for (String archive : archives)
      await(archive + " has the end of " + name, () -> newest(archive) >= end);
    return written;
  }

  /** Something that is seen sooner or later. */
  interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  void await(String what, Condition condition) throws IOException, InterruptedException {
    long begun = Time.system().nanos();
    while (!condition.holds()) {
      if (Time.system().nanos() - begun > AWAIT_MAX.toNanos())
        throw new AssertionError("not seen: %s%n%s%s".formatted(what, show(), group.logs()));
      Time.system().sleep(LOOK_EVERY);
    }
  }

  /** A restorable one, as an archive lists it. */
  record Point(String archive, long gid, Instant time) {}

  List<Point> points(String archive) throws IOException, InterruptedException {
    List<Point> points = new ArrayList<>();
    for (JsonNode one : group.succeed("point", "list", name, "--archive", archive))
      points.add(
          new Point(archive, one.path("gid").asLong(), Instant.parse(one.path("time").asText())));
    return points;
  }

  /** Waits until each archive has so many; one that was just killed may not answer yet. */
  void awaitPoints(int number) throws IOException, InterruptedException {
    for (String archive : archives) {
      String[] list = {"point", "list", name, "--archive", archive};
      await(
          number + " points at " + archive,
          () -> {
            RealGroup.Answer answer = group.run(list);
            return answer.exit() == 0 && answer.json().size() >= number;
          });
    }
  }

  /** Of each archive the newest, and others by chance; all in the order of time. */
  List<Point> choose(int images, Random random) throws IOException, InterruptedException {
    List<Point> chosen = new ArrayList<>();
    for (String archive : archives) {
      List<Point> points = points(archive);
      chosen.add(points.removeLast());
      for (int i = 1; i < images / archives.size(); i++)
        chosen.add(points.remove(random.nextInt(points.size())));
    }
    chosen.sort(Comparator.comparing(Point::time).thenComparing(Point::gid));
    return chosen;
  }

  /** What a restore answered, and what it wrote. */
  record Restored(JsonNode answer, byte[] image) {
    Instant time() {
      return Instant.parse(answer.path("time").asText());
    }

    long gid() {
      return answer.path("gid").asLong();
    }
  }

  Restored restore(String... options) throws IOException, InterruptedException {
    Path target = newTarget();
    JsonNode answer = group.succeed(restoring(target, options));
    byte[] image = Files.readAllBytes(target);
    Files.delete(target);
    return new Restored(answer, image);
  }

  /** A restore that may be refused. */
  RealGroup.Answer tryRestore(String... options) {
    return group.run(restoring(newTarget(), options));
  }

  private Path newTarget() {
    return group.directory().resolveSibling(name + "-" + targets++ + ".img");
  }

  private String[] restoring(Path target, String... options) {
    List<String> line = new ArrayList<>(List.of("restore", name, "--to", target.toString()));
    line.addAll(List.of(options));
    return line.toArray(String[]::new);
  }

  byte[] restored(Point point) throws IOException, InterruptedException {
    return restore("--gid", Long.toString(point.gid), "--archive", point.archive).image;
  }

  /** What an export of it shows. */
  byte[] exported(Point point) throws IOException, InterruptedException {
    String gid = Long.toString(point.gid);
    JsonNode export = group.succeed("export", name, "--gid", gid, "--archive", point.archive);
    byte[] image = read(export);
    close(export);
    return image;
  }

  static byte[] read(JsonNode export) throws IOException {
    byte[] image = new byte[Math.toIntExact(SIZE)];
    try (RawClient client = client(export)) {
      for (int at = 0; at < SIZE; at += Volumes.MIB)
        System.arraycopy(client.read(at, Volumes.MIB), 0, image, at, Volumes.MIB);
    }
    return image;
  }

  static RawClient client(JsonNode export) throws IOException {
    return RawClient.using(
        export.path("name").asText(), NbdClient.address(export.path("nbdUri").asText()));
  }

  void close(JsonNode export) throws IOException, InterruptedException {
    String server = export.path("archive").asText();
    String closed = export.path("name").asText();
    group.succeed("export", name, "--close", closed, "--archive", server, "--yes");
  }

  /** Half of them by restores, half by exports, from each archive alike. */
  void assertImagesAreWhatWasWritten(List<Recorded> written, int images, Random random)
      throws IOException, InterruptedException {
    Replay replay = new Replay(written, SIZE);
    int compared = 0;
    for (Point point : choose(images, random)) {
      byte[] image = compared++ % 2 == 0 ? restored(point) : exported(point);
      assertThat(replay.difference(point.time, image))
          .as("%s of %s after %d writes", point, name, written.size())
          .isEmpty();
    }
  }

  /** The directory in which a server keeps what it has of the volume. */
  Path at(String server, String role) {
    return group.directory().resolve("servers/%s/%s/volumes/%s".formatted(server, role, name));
  }

  @Override
  public void close() {
    writes.close();
  }
}
