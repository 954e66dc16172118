package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.proof.ContinuousVolume.Point;
import io.backstay.proof.RecordedWrites.Recorded;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Continuous backup with real processes: two proxies, two archives, and a client that writes all
 * the time and remembers what. Whatever is killed meanwhile, an image of any gid is exactly what
 * was written until its moment (invariants 3, 4, 5 and 9). CI kills every party once, {@code
 * --long} each eight times in an order by chance.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT) // with other classes; its tests one after the other
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class ContinuousProofTest {
  private static final boolean LONG = Boolean.getBoolean("backstay.long");
  private static final int ROUNDS = LONG ? 8 : 1;
  private static final int IMAGES = 20;
  private static final int IMAGES_MAX = LONG ? 100 : IMAGES;
  private static final List<String> ARCHIVES = List.of("a0", "a1");
  private static final List<String> PARTIES =
      List.of("s0", "p0", "a0", "c0", "w0", "temporal", "p1", "a1");

  private static final int SOME_WRITES = 100;
  private static final int SOME_POINTS = 5;
  private static final int OLD_DIFFS = 3;
  private static final int NEWER_DIFFS = 4;

  private RealGroup group;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @BeforeAll
  void start(@TempDir Path directory) throws IOException, InterruptedException {
    System.out.println("seed=" + seed);
    group = RealGroup.up(directory.resolve("group"), "--proxies", "2", "--archives", "2");
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group == null) return;
    // A test that failed may have left them stopped.
    for (String stopped : List.of("supervisor", "a0", "a1")) RealGroup.signal("CONT", pid(stopped));
    group.close();
  }

  /** Its log goes by p0, else by p1, to both archives. */
  private ContinuousVolume add(String name, String... more)
      throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(List.of("--proxy", "p0,p1"));
    options.addAll(List.of(more));
    return ContinuousVolume.add(group, name, ARCHIVES, seed, options.toArray(String[]::new));
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void anyMomentComesBackWhateverWasKilledWhileItWasWritten() throws Exception {
    try (ContinuousVolume volume = add("killed")) {
      volume.backUp();
      int kills = 0;
      for (int round = 0; round < ROUNDS; round++) {
        List<String> parties = new ArrayList<>(PARTIES);
        Collections.shuffle(parties, random);
        for (String party : parties) {
          group.killAndAwaitNext(party);
          kills++;
          volume.writes().awaitMore(SOME_WRITES);
        }
      }
      volume.awaitPoints(IMAGES_MAX / 2);
      List<Recorded> written = volume.end();

      volume.assertImagesAreWhatWasWritten(written, IMAGES_MAX, random);
      System.out.printf(
          "%d kills, %d writes, %d points, %d images compared%n",
          kills, written.size(), volume.points("a0").size(), IMAGES_MAX);
    }
  }

  /**
   * Rules X1 and X2: what the storage let go of is at p0 alone, and nobody passes over it; hours
   * later it is still wanted. What p0 brings a second time, from before an apply, changes nothing.
   */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aProxyThatComesBackWithOldDiffsClosesTheGapAndCanDoNoHarm() throws Exception {
    try (ContinuousVolume volume = add("gap")) {
      volume.backUp();
      Path spool = spoolAtP0(volume);
      for (long archive : leaveDiffsAtP0Alone(volume)) RealGroup.signal("CONT", archive);
      awaitGap(volume);
      long before = volume.newest("a0");
      List<Path> old = copies(spool);
      volume.await(
          "much newer gids have come by p1",
          () -> latest(volume) > before + old.size() / 2 + NEWER_DIFFS);
      long oldest = volume.points("a1").getFirst().gid();
      group.succeed("apply", "gap", "--gid", "" + before, "--archive", "a0", "--yes");
      merge("gap", oldest, before);

      resumeSupervisor();
      List<Recorded> written = volume.end();
      assertThat(volume.points("a0")).as("what only p0 had").anyMatch(it -> it.gid() == before + 1);
      volume.assertImagesAreWhatWasWritten(written, IMAGES / 2, random);

      List<Point> points = volume.points("a0");
      long applied = points.get(points.size() / 2).gid();
      group.succeed("apply", "gap", "--gid", "" + applied, "--archive", "a0", "--yes");
      List<String> files = kept(volume);
      killWithoutSuccessor("p0");
      for (Path copy : old) Files.copy(copy, spool.resolve(copy.getFileName()));
      resumeSupervisor();
      volume.await("both archives said that they have them", () -> diffsIn(spool) == 0);
      assertThat(kept(volume)).as("diffs at the archives").isEqualTo(files);
      assertThat(spool.resolve("aside")).doesNotExist();
      volume.assertImagesAreWhatWasWritten(written, IMAGES / 2, random);
    }
  }

  /** At a1. */
  private void merge(String volume, long from, long to) throws IOException, InterruptedException {
    String[] span = {"--from", Long.toString(from), "--to", Long.toString(to)};
    group.succeed("merge", volume, span[0], span[1], span[2], span[3], "--archive", "a1", "--yes");
  }

  /** Ends with p0 dead, and both archives stopped. */
  private List<Long> leaveDiffsAtP0Alone(ContinuousVolume volume)
      throws IOException, InterruptedException {
    volume.awaitPoints(SOME_POINTS);
    Path spool = spoolAtP0(volume);
    List<Long> archives = List.of(pid("a0"), pid("a1"));
    for (long archive : archives) RealGroup.signal("STOP", archive);
    volume.await("only p0 has the newest diffs", () -> diffsIn(spool) >= OLD_DIFFS);
    killWithoutSuccessor("p0");
    return archives;
  }

  private static Path spoolAtP0(ContinuousVolume volume) {
    return volume.at("p0", "proxy").resolve("spool");
  }

  private static void awaitGap(ContinuousVolume volume) throws IOException, InterruptedException {
    volume.await(
        "p1 takes the log, and both archives see a gap",
        () ->
            volume.show().path("hops").path("storage").path("proxy").asText().equals("p1")
                && volume.shown("a0").path("chain").hasNonNull("missing")
                && volume.shown("a1").path("chain").hasNonNull("missing"));
  }

  /** Until {@link #resumeSupervisor}. */
  private void killWithoutSuccessor(String server) throws IOException, InterruptedException {
    RealGroup.signal("STOP", group.pid("supervisor"));
    RealGroup.killAndAwait(pid(server));
  }

  private void resumeSupervisor() throws IOException, InterruptedException {
    RealGroup.signal("CONT", group.pid("supervisor"));
  }

  private long pid(String server) {
    return group.process(server).orElseThrow().pid();
  }

  private static long latest(ContinuousVolume volume) throws IOException, InterruptedException {
    return volume.show().path("log").path("newestCut").path("gid").asLong();
  }

  private static long diffsIn(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".wdiff")).count();
    }
  }

  private static List<Path> filesIn(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private List<Path> copies(Path spool) throws IOException {
    Path copies = Files.createDirectory(group.directory().resolveSibling("old-diffs"));
    for (Path file : filesIn(spool)) Files.copy(file, copies.resolve(file.getFileName()));
    return filesIn(copies);
  }

  private static List<String> kept(ContinuousVolume volume) throws IOException {
    List<String> names = new ArrayList<>();
    for (String archive : ARCHIVES) {
      try (Stream<Path> files = Files.list(volume.at(archive, "archive").resolve("diffs"))) {
        files.map(file -> archive + " " + file.getFileName()).sorted().forEach(names::add);
      }
    }
    return names;
  }

  /** Rule X1: then the storage lets go of nothing that is not in all archives. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aLostProxyCostsNothingWhereTheLogWaitsForTheArchives() throws Exception {
    try (ContinuousVolume volume = add("lost", "--release-on", "archive")) {
      volume.backUp();
      List<Long> archives = leaveDiffsAtP0Alone(volume);
      for (Path file : filesIn(spoolAtP0(volume))) Files.delete(file);
      for (long archive : archives) RealGroup.signal("CONT", archive);
      resumeSupervisor();
      List<Recorded> written = volume.end();

      for (String archive : ARCHIVES)
        assertThat(volume.shown(archive).path("chain").hasNonNull("missing")).isFalse();
      volume.assertImagesAreWhatWasWritten(written, IMAGES / 2, random);
    }
  }

  /** Rule M4: its age is evidence, which comes although there is nothing new to have. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aVolumeThatNobodyWritesToDoesNotAge() throws Exception {
    try (ContinuousVolume volume = add("idle")) {
      volume.backUp();
      volume.writes().stop();
      long gid = volume.snapshot("rest");
      Instant first = Time.system().now();

      volume.await(
          "what is restorable is the volume later, too", () -> upToDateAt(volume).isAfter(first));

      assertThat(volume.newest("a0")).isEqualTo(gid);
      assertThat(volume.points("a0").getLast().gid()).isEqualTo(gid);
    }
  }

  /** Long ago, where the archive was not heard this time. */
  private static Instant upToDateAt(ContinuousVolume volume)
      throws IOException, InterruptedException {
    var told = volume.show().path("upToDateAt");
    return told.isTextual() ? Instant.parse(told.asText()) : Instant.EPOCH;
  }
}
