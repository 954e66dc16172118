package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.nbd.NbdClient;
import io.backstay.nbd.RawClient;
import io.backstay.proof.ContinuousVolume.Point;
import io.backstay.proof.ContinuousVolume.Restored;
import io.backstay.proof.RecordedWrites.Recorded;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * What an administrator does with the points of a logged volume, while it is written to, with real
 * processes: each image is compared with what the client recorded.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT) // with other classes; its tests one after the other
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class PointsProofTest {
  private static final int SOME_POINTS = 4;
  private static final int MOMENTS = 3;
  private static final int SOME_WRITES = 100;
  private static final Duration CUT_INTERVAL = Duration.ofSeconds(1);

  /** Of a sorted wdiff: behind its header and the header of its first pack come payloads. */
  private static final long IN_A_PAYLOAD = 32 + 4096 + 100;

  private RealGroup group;
  private final long seed = new Random().nextLong();

  @BeforeAll
  void start(@TempDir Path directory) throws IOException, InterruptedException {
    System.out.println("seed=" + seed);
    group = RealGroup.up(directory.resolve("group"), "--archives", "2");
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  /** With a full backup and some points behind it; the client goes on writing. */
  private ContinuousVolume add(String name, String... archives)
      throws IOException, InterruptedException {
    ContinuousVolume volume = ContinuousVolume.add(group, name, List.of(archives), seed);
    volume.backUp();
    volume.awaitPoints(SOME_POINTS);
    return volume;
  }

  private static void assertWritten(List<Recorded> written, Instant moment, byte[] image) {
    assertThat(new Replay(written, ContinuousVolume.SIZE).difference(moment, image)).isEmpty();
  }

  /** Rule M4. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void anyMomentIsRestoredByItsTimeAndANamedOneByItsLabel() throws Exception {
    try (ContinuousVolume volume = add("moments", "a0")) {
      List<Instant> moments = new ArrayList<>();
      for (int i = 0; i < MOMENTS; i++) {
        moments.add(Time.system().now());
        volume.writes().awaitMore(SOME_WRITES);
      }
      long labelled = volume.snapshot("before-upgrade");
      volume.writes().awaitMore(SOME_WRITES);
      List<Recorded> written = volume.end();

      for (Instant moment : moments) {
        Restored restored = volume.restore("--at", moment.toString());
        assertThat(restored.time()).isBeforeOrEqualTo(moment);
        assertThat(restored.time()).isAfter(moment.minus(CUT_INTERVAL.multipliedBy(2)));
        assertWritten(written, restored.time(), restored.image());
      }
      Restored upgrade = volume.restore("--label", "before-upgrade");
      assertThat(upgrade.gid()).isEqualTo(labelled);
      assertWritten(written, upgrade.time(), upgrade.image());
      Instant end = volume.points("a0").getLast().time();
      Restored now = volume.restore("--at", end.plusMillis(1).toString());
      assertWritten(written, end, now.image());
      RealGroup.Answer early = volume.tryRestore("--at", "2026-01-01T00:00:00Z");
      assertThat(early.exit()).as("%s", early).isEqualTo(13);
    }
  }

  /** Rules X8, X9 and X10: below what is read the base is rewritten, above it diffs are merged. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void anExportIsThereAtOnceAndStaysWhatItIsWhileItsChainIsFolded() throws Exception {
    try (ContinuousVolume volume = add("folded", "a0")) {
      List<Point> points = volume.points("a0");
      Point base = points.get(1);
      Point served = points.get(SOME_POINTS / 2);
      JsonNode export = group.succeed("export", "folded", "--gid", "" + served.gid());
      byte[] first = ContinuousVolume.read(export);

      readWhile(export, first, "apply", "folded", "--gid", "" + base.gid(), "--yes");
      Point newest = volume.points("a0").getLast();
      String from = Long.toString(served.gid());
      String to = Long.toString(newest.gid());
      readWhile(export, first, "merge", "folded", "--from", from, "--to", to, "--yes");
      RealGroup.Answer over = group.run("apply", "folded", "--gid", to, "--yes");
      assertThat(over.exit()).as("what is served is held: %s", over).isEqualTo(7);

      volume.close(export);
      List<Recorded> written = volume.end();
      assertWritten(written, served.time(), first);
      assertThat(volume.points("a0").getFirst()).isEqualTo(base);
      volume.assertImagesAreWhatWasWritten(written, 2, new Random(seed));
    }
  }

  private void readWhile(JsonNode export, byte[] expected, String... command) throws Exception {
    RealGroup.Command folding = group.start(command);
    do assertThat(Arrays.equals(ContinuousVolume.read(export), expected)).isTrue();
    while (folding.process().isAlive());
    RealGroup.Answer answer = folding.await();
    assertThat(answer.exit()).as("%s", answer).isZero();
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aWritableExportHasItsOwnBytesAlsoAfterItsArchiveDiedAndLeavesThePointAsItIs()
      throws Exception {
    try (ContinuousVolume volume = add("lab", "a0")) {
      Point point = volume.points("a0").get(2);
      String gid = Long.toString(point.gid());
      JsonNode export = group.succeed("export", "lab", "--gid", gid, "--writable");
      byte[] expected = ContinuousVolume.read(export);
      byte[] own = new byte[70_000 / 512 * 512];
      new Random(seed).nextBytes(own);
      try (RawClient client = ContinuousVolume.client(export)) {
        client.store(5 * 512, own);
        client.discard(Volumes.MIB, Volumes.MIB);
        client.flush();
      }
      System.arraycopy(own, 0, expected, 5 * 512, own.length);
      Arrays.fill(expected, Volumes.MIB, 2 * Volumes.MIB, (byte) 0);
      assertThat(Arrays.equals(ContinuousVolume.read(export), expected)).isTrue();

      group.killAndAwaitNext("a0");
      volume.await("its next process serves it", () -> isServed(export));
      assertThat(Arrays.equals(ContinuousVolume.read(export), expected)).isTrue();

      volume.close(export);
      List<Recorded> written = volume.end();
      assertWritten(written, point.time(), volume.restored(point));
    }
  }

  private static boolean isServed(JsonNode export) {
    try (RawClient client = ContinuousVolume.client(export)) {
      return client.read(0, 512).length > 0;
    } catch (IOException e) {
      return false; // the socket is there, and nobody answers yet
    }
  }

  /** Rule X9: the rotten byte is named, and nobody gets it; the other archive has the right one. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aRottenDiffIsRefusedAndNamedAndTheOtherArchiveRestores() throws Exception {
    try (ContinuousVolume volume = add("rotten", "a0", "a1")) {
      List<Recorded> written = volume.end();
      List<Point> points = volume.points("a0");
      Point last = points.getLast();
      Path rotten = diffTo(volume, "a0", last.gid());
      flip(rotten);

      RealGroup.Answer refused = volume.tryRestore("--gid", "" + last.gid());
      assertThat(refused.exit()).as("%s", refused).isEqualTo(9);
      assertThat(refused.err()).contains(rotten.getFileName().toString());
      RealGroup.Answer verified = group.run("verify", "rotten", "--gid", "" + last.gid());
      assertThat(verified.exit()).as("%s", verified).isEqualTo(9);
      Point before = points.get(points.size() - 2);
      assertWritten(written, before.time(), volume.restored(before));
      group.succeed("verify", "rotten", "--gid", "" + last.gid(), "--archive", "a1");
      Restored other = volume.restore("--gid", "" + last.gid(), "--archive", "a1");
      assertWritten(written, last.time(), other.image());
    }
  }

  private static Path diffTo(ContinuousVolume volume, String archive, long gid) throws IOException {
    try (Stream<Path> files = Files.list(volume.at(archive, "archive").resolve("diffs"))) {
      return files
          .filter(file -> file.toString().endsWith("-" + gid + ".wdiff"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void flip(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    content[(int) Math.min(IN_A_PAYLOAD, content.length / 2)] ^= 1;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.wrap(content), 0);
    }
  }

  /** Rule X3: nothing that somebody put there is taken for a diff, and nothing of it is deleted. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void whatDoesNotBelongAmongTheDiffsIsLeftAloneAndNamed() throws Exception {
    try (ContinuousVolume volume = add("strange", "a0")) {
      List<Recorded> written = volume.end();
      Path diffs = volume.at("a0", "archive").resolve("diffs");
      long gid = volume.points("a0").getLast().gid();
      Path real = diffTo(volume, "a0", gid);
      List<Path> strange = new ArrayList<>();
      strange.add(Files.writeString(diffs.resolve("README"), "of somebody"));
      strange.add(Files.copy(real, diffs.resolve(real.getFileName() + ".bak")));
      strange.add(
          Files.copy(real, diffs.resolve("20200101000000-M--%d-%d.wdiff".formatted(gid, gid + 1))));
      strange.add(Files.write(diffs.resolve("20200101000001-M--0-1.wdiff"), new byte[100]));
      strange.add(Files.createDirectory(diffs.resolve("old")));

      group.killAndAwaitNext("a0");
      volume.await("it is back", () -> volume.newest("a0") == gid);

      assertThat(strange).allSatisfy(file -> assertThat(file).exists());
      assertThat(volume.show().path("trouble").toString())
          .contains(strange.get(2).getFileName() + "");
      volume.assertImagesAreWhatWasWritten(written, 4, new Random(seed));
    }
  }

  /** Rule X4, with somebody else's client: what is backed up beside it is the volume at its end. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aVolumeIsBackedUpWhileFioWritesToIt() throws Exception {
    boolean there = new ProcessBuilder("sh", "-c", "command -v fio").start().waitFor() == 0;
    if (!there) System.err.println("!!! SKIPPED: fio is missing");
    Assumptions.assumeTrue(there, "fio");
    group.succeed(
        "volume",
        "add",
        "busy",
        "--kind",
        "logged",
        "--size",
        "64M",
        "--archive",
        "a0",
        "--cut-interval",
        "1s");
    String uri = group.succeed("volume", "show", "busy").path("volume").path("nbdUri").asText();
    Process fio =
        new ProcessBuilder(
                "fio",
                "--name=busy",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randwrite",
                "--bsrange=4k-32k",
                "--iodepth=16",
                "--size=64m",
                "--fsync=64",
                "--rate=12m",
                "--time_based",
                "--runtime=600",
                "--randseed=" + Math.abs(seed))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      JsonNode backup = group.succeed("backup", "full", "busy", "--rate-limit", "16MiB/s");
      assertThat(fio.isAlive()).as("it wrote all the time").isTrue();
      group.succeed("verify", "busy", "--gid", backup.path("gid").asText());
    } finally {
      fio.destroy();
      fio.waitFor();
    }
    group.succeed("snapshot", "take", "busy", "--label", "end");
    Path target = group.directory().resolveSibling("busy.img");
    group.succeed("restore", "busy", "--label", "end", "--to", target.toString());
    byte[] live = new byte[64 * Volumes.MIB];
    try (RawClient client = RawClient.using("busy", NbdClient.address(uri))) {
      for (int at = 0; at < live.length; at += Volumes.MIB)
        System.arraycopy(client.read(at, Volumes.MIB), 0, live, at, Volumes.MIB);
    }
    assertThat(Arrays.mismatch(Files.readAllBytes(target), live)).isEqualTo(-1);
  }
}
