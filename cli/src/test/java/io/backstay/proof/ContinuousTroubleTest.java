package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.proof.RecordedWrites.Recorded;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A log or a full backup that cannot go on its way, because a disk is full or nobody takes it: said
 * clearly, and when the cause is gone everything arrives by itself, or what cannot is done again.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT) // with other classes; its tests one after the other
@Timeout(value = 6, unit = TimeUnit.MINUTES)
class ContinuousTroubleTest {
  private static final int SCARCE_MEBIBYTES = 12;
  private static final int PLENTY_MEBIBYTES = 400;
  private static final int PROXY_MEBIBYTES = 24;
  private static final int IMAGES = 6;

  /** Fills a log or a disk soon. */
  private static final Duration FAST = Duration.ofMillis(1);

  /** A small log does not overflow again on a machine that is busy with other things. */
  private static final Duration SLOW = Duration.ofMillis(20);

  private Path archive;
  private final List<Path> mounted = new ArrayList<>();
  private RealGroup group;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @BeforeAll
  void start(@TempDir Path directory) throws IOException, InterruptedException {
    System.out.println("seed=" + seed);
    DiskTroubleTest.needRootAnd("mount");
    archive = Files.createDirectories(directory.resolve("group/servers/a0"));
    Path proxy = Files.createDirectories(directory.resolve("group/servers/p0"));
    mount(archive, PLENTY_MEBIBYTES);
    mount(proxy, PROXY_MEBIBYTES);
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    try {
      if (group == null) return;
      group.close();
    } finally {
      for (Path at : mounted) DiskTroubleTest.sh("umount " + at);
    }
  }

  private void mount(Path at, int mebibytes) throws IOException, InterruptedException {
    mounted.add(at);
    DiskTroubleTest.sh("mount -t tmpfs -o size=%dm,mode=0700 tmpfs %s".formatted(mebibytes, at));
  }

  /** Beside what is there already. */
  private static void leaveRoom(Path at, int mebibytes) throws IOException, InterruptedException {
    FileStore store = Files.getFileStore(at);
    long used = (store.getTotalSpace() - store.getUsableSpace()) / Volumes.MIB;
    DiskTroubleTest.sh("mount -o remount,size=%dm %s".formatted(used + mebibytes, at));
  }

  private ContinuousVolume add(String name, String... more)
      throws IOException, InterruptedException {
    ContinuousVolume volume = ContinuousVolume.add(group, name, List.of("a0"), seed, more);
    volume.writes().rest(FAST);
    return volume;
  }

  private long pid(String server) {
    return group.process(server).orElseThrow().pid();
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aFullBackupThatFindsNoSpaceGoesOnWhenThereIsRoom(@TempDir Path directory) throws Exception {
    leaveRoom(archive, SCARCE_MEBIBYTES);
    Path source = Volumes.make(directory.resolve("plain.img"), 3 * SCARCE_MEBIBYTES, seed);
    group.succeed("volume", "add", "plain", "--kind", "plain", "--device", source.toString());
    RealGroup.Command backup = group.start("backup", "full", "plain");
    JsonNode waiting = group.awaitWaiting("full-backup/plain", "space");
    assertThat(waiting.path("waiting").toString()).contains("the archive has no space left");

    leaveRoom(archive, PLENTY_MEBIBYTES);

    assertThat(backup.await().exit()).isZero();
    Path target = directory.resolve("restored");
    group.succeed("restore", "plain", "--to", target.toString());
    Volumes.assertSameBytes(source, target);
  }

  private static JsonNode storage(ContinuousVolume volume)
      throws IOException, InterruptedException {
    return volume.show().path("hops").path("storage");
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aFullArchiveIsSaidAndTakesAllWhenThereIsRoom() throws Exception {
    try (ContinuousVolume volume = add("archive")) {
      volume.backUp();
      volume.awaitPoints(IMAGES);
      leaveRoom(archive, SCARCE_MEBIBYTES);
      volume.await(
          "no space at the archive",
          () -> volume.show().path("hops").path("proxies").toString().contains("no-space"));
      leaveRoom(archive, PLENTY_MEBIBYTES);

      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aFullProxyIsSaidAndTakesAllWhenItsArchiveDoes() throws Exception {
    leaveRoom(archive, PLENTY_MEBIBYTES);
    try (ContinuousVolume volume = add("proxy")) {
      volume.backUp();
      volume.awaitPoints(IMAGES);
      long stopped = pid("a0");
      RealGroup.signal("STOP", stopped);
      volume.writes().rest(SLOW); // the proxy's disk is soon full, the log is not
      try {
        volume.await(
            "no space at the proxy",
            () -> storage(volume).path("trouble").asText().contains("space"));
      } finally {
        RealGroup.signal("CONT", stopped);
      }

      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }

  /** Rule X5: the pass that is under way is done again, in a session of its own. */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aLogThatOverflowsDuringAFullBackupMakesItBeginAgain() throws Exception {
    leaveRoom(archive, PLENTY_MEBIBYTES);
    try (ContinuousVolume volume = add("overflow", "--log-size", "40M")) {
      RealGroup.Command backup =
          group.start("backup", "full", "overflow", "--rate-limit", "1MiB/s");
      group.awaitBackedUp("overflow", 2L * Volumes.MIB);
      int session = volume.show().path("log").path("session").asInt();
      long stopped = pid("p0");
      RealGroup.signal("STOP", stopped);
      try {
        volume.await(
            "the log is given up",
            () ->
                volume.show().path("log").hasNonNull("givenUp")
                    || volume.show().path("log").path("session").asInt() > session);
        volume.writes().rest(SLOW);
      } finally {
        RealGroup.signal("CONT", stopped);
      }

      RealGroup.Answer answer = backup.await();
      assertThat(answer.exit()).as(() -> answer + group.logs()).isZero();
      assertThat(volume.show().path("log").path("session").asInt()).isGreaterThan(session);
      volume.awaitPoints(IMAGES);
      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }
}
