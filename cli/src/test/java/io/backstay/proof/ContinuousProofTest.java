package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.nbd.RawClient;
import io.backstay.proof.RecordedWrites.Recorded;
import io.backstay.seam.Time;
import java.io.IOException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Continuous backup with real processes: two proxies, two archives, and a client that writes all
 * the time and remembers what. Whatever is killed meanwhile, an image of any gid is exactly what
 * was written until its moment (invariants 3, 4 and 9). CI kills every party once and compares four
 * images, {@code --long} kills each three times and compares twenty.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContinuousProofTest {
  private static final boolean LONG = Boolean.getBoolean("backstay.long");
  private static final int ROUNDS = LONG ? 3 : 1;
  private static final int IMAGES = LONG ? 20 : 4;
  private static final List<String> PARTIES =
      LONG
          ? List.of("s0", "p0", "a0", "c0", "w0", "temporal", "p1", "a1")
          : List.of("s0", "p0", "a0", "c0", "w0", "temporal");

  private static final long SIZE = 24L * Volumes.MIB;
  private static final int SOME_WRITES = 100;
  private static final int OLD_DIFFS = 3;
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final int LOOKS_MAX = 300;

  private Path directory;
  private RealGroup group;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @BeforeAll
  void start(@TempDir Path made) throws IOException, InterruptedException {
    directory = made;
    group = RealGroup.up(directory.resolve("group"), "--proxies", "2", "--archives", "2");
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  /** Its log goes by p0, else by p1, to both archives; the client writes from the beginning. */
  private RecordedWrites add(String volume) throws IOException, InterruptedException {
    List<String> line =
        new ArrayList<>(List.of("volume", "add", volume, "--kind", "logged", "--size", "24M"));
    line.addAll(List.of("--log-size", "64M", "--tail-size", "8M", "--cut-interval", "1s"));
    line.addAll(List.of("--proxy", "p0,p1", "--archive", "a0,a1"));
    group.succeed(line.toArray(String[]::new));
    String uri = show(volume).path("nbdUri").asText();
    return RecordedWrites.start(volume, socket(uri), SIZE, seed);
  }

  private static UnixDomainSocketAddress socket(String nbdUri) {
    return UnixDomainSocketAddress.of(URI.create(nbdUri).getQuery().substring("socket=".length()));
  }

  private JsonNode show(String volume) throws IOException, InterruptedException {
    return group.succeed("volume", "show", volume).path("volume");
  }

  private interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  private void await(String what, Condition condition) throws IOException, InterruptedException {
    for (int i = 0; !condition.holds(); i++) {
      if (i == LOOKS_MAX) throw new AssertionError("not seen: " + what + group.logs());
      Time.system().sleep(LOOK_EVERY);
    }
  }

  /** A restorable one, as the archive lists it. */
  private record Point(String archive, long gid, Instant time) {}

  private List<Point> points(String volume, String archive)
      throws IOException, InterruptedException {
    List<Point> points = new ArrayList<>();
    for (JsonNode one : group.succeed("point", "list", volume, "--archive", archive))
      points.add(
          new Point(archive, one.path("gid").asLong(), Instant.parse(one.path("time").asText())));
    return points;
  }

  /** The newest of each archive, and others by chance, in the order of time. */
  private List<Point> choose(String volume) throws IOException, InterruptedException {
    List<Point> chosen = new ArrayList<>();
    for (String archive : List.of("a0", "a1")) {
      List<Point> points = points(volume, archive);
      chosen.add(points.removeLast());
      for (int i = 1; i < IMAGES / 2; i++) chosen.add(points.remove(random.nextInt(points.size())));
    }
    chosen.sort(Comparator.comparing(Point::time).thenComparing(Point::gid));
    return chosen;
  }

  /** From the primary archive by a restore, from the other one by an export. */
  private byte[] image(String volume, Point point) throws IOException, InterruptedException {
    String gid = Long.toString(point.gid);
    if (point.archive.equals("a0")) {
      Path target = directory.resolve(volume + "-" + gid);
      group.succeed("restore", volume, "--gid", gid, "--to", target.toString());
      return Files.readAllBytes(target);
    }
    JsonNode export = group.succeed("export", volume, "--gid", gid, "--archive", point.archive);
    String name = export.path("name").asText();
    byte[] image = new byte[Math.toIntExact(SIZE)];
    try (RawClient client = RawClient.using(name, socket(export.path("nbdUri").asText()))) {
      for (int at = 0; at < SIZE; at += Volumes.MIB)
        System.arraycopy(client.read(at, Volumes.MIB), 0, image, at, Volumes.MIB);
    }
    group.succeed("export", volume, "--close", name, "--archive", point.archive);
    return image;
  }

  private void assertEveryImageIsWhatWasWritten(String volume, List<Recorded> writes)
      throws IOException, InterruptedException {
    Replay replay = new Replay(writes, SIZE);
    for (Point point : choose(volume))
      assertThat(replay.difference(point.time, image(volume, point)))
          .as("%s of %s, seed %d", point, volume, seed)
          .isEmpty();
  }

  @Test
  void anyMomentComesBackWhateverWasKilledWhileItWasWritten() throws Exception {
    try (RecordedWrites writes = add("killed")) {
      group.succeed("backup", "full", "killed");
      group.succeed("backup", "full", "killed", "--archive", "a1");
      for (int round = 0; round < ROUNDS; round++) {
        for (String party : PARTIES) {
          group.killAndAwaitNext(party);
          writes.awaitMore(SOME_WRITES);
        }
      }
      List<Recorded> written = writes.stop();
      JsonNode last = group.succeed("snapshot", "take", "killed", "--label", "end");
      assertThat(last.path("restorable").asBoolean()).isTrue();
      long end = last.path("gid").asLong();
      await("a1 has it, too", () -> newest("killed", "a1") >= end);

      assertEveryImageIsWhatWasWritten("killed", written);
    }
  }

  /** Gid of what it can restore; below all gids where it was not heard. */
  private long newest(String volume, String archive) throws IOException, InterruptedException {
    for (JsonNode one : show(volume).path("hops").path("archives")) {
      if (one.path("server").asText().equals(archive))
        return one.path("newestRestorable").path("gid").asLong(-1);
    }
    throw new AssertionError(archive + " is no archive of " + volume);
  }

  /** Rules X1 and X2: what the storage let go of is at p0 alone, and nobody passes over it. */
  @Test
  void aProxyThatComesBackWithOldDiffsClosesTheGap() throws Exception {
    try (RecordedWrites writes = add("gap")) {
      group.succeed("backup", "full", "gap");
      group.succeed("backup", "full", "gap", "--archive", "a1");
      List<Long> archives = List.of(pid("a0"), pid("a1"));
      for (long pid : archives) RealGroup.signal("STOP", pid);
      await("only p0 has the newest diffs", () -> diffsOf("p0") >= OLD_DIFFS);
      Path config = group.directory().resolve("configs/p0.json");
      Path away = directory.resolve("p0.json");
      Files.move(config, away); // what the supervisor starts now ends at once
      RealGroup.killAndAwait(pid("p0"));
      for (long pid : archives) RealGroup.signal("CONT", pid);
      await("p1 takes the log in its place, and there is a gap", this::isBehindAGap);
      long before = newest("gap", "a0");
      Files.move(away, config);
      List<Recorded> written = writes.stop();
      JsonNode last = group.succeed("snapshot", "take", "gap", "--label", "end");

      assertThat(last.path("restorable").asBoolean()).isTrue();
      assertThat(points("gap", "a0"))
          .as("what only p0 had")
          .anyMatch(point -> point.gid == before + 1);
      await("a1 has it, too", () -> newest("gap", "a1") >= last.path("gid").asLong());
      assertEveryImageIsWhatWasWritten("gap", written);
    }
  }

  private long pid(String server) {
    return group.process(server).orElseThrow().pid();
  }

  private long diffsOf(String proxy) throws IOException {
    String spool = "servers/%s/proxy/volumes/gap/spool".formatted(proxy);
    try (Stream<Path> files = Files.list(group.directory().resolve(spool))) {
      return files.filter(file -> file.toString().endsWith(".wdiff")).count();
    }
  }

  private boolean isBehindAGap() throws IOException, InterruptedException {
    JsonNode hops = show("gap").path("hops");
    JsonNode archive = hops.path("archives").path(0);
    return hops.path("storage").path("proxy").asText().equals("p1")
        && archive.path("chain").hasNonNull("missing");
  }

  /** Rule M4: its age is evidence, which comes although there is nothing new to have. */
  @Test
  void aVolumeThatNobodyWritesToDoesNotAge() throws Exception {
    try (RecordedWrites writes = add("idle")) {
      group.succeed("backup", "full", "idle");
      writes.stop();
      long gid = group.succeed("snapshot", "take", "idle").path("gid").asLong();
      Instant first = Time.system().now();

      await("what is restorable is the volume later, too", () -> upToDateAt("idle").isAfter(first));

      assertThat(newest("idle", "a0")).isEqualTo(gid);
      assertThat(group.succeed("point", "list", "idle", "--last", "1").path(0).path("gid").asLong())
          .isEqualTo(gid);
    }
  }

  /** Long ago, where the archive was not heard this time. */
  private Instant upToDateAt(String volume) throws IOException, InterruptedException {
    JsonNode told = show(volume).path("upToDateAt");
    return told.isTextual() ? Instant.parse(told.asText()) : Instant.EPOCH;
  }
}
