package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.proof.RecordedWrites.Recorded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log that cannot go on its way, because a disk is full or nobody takes it: said clearly, and
 * when the cause is gone everything arrives by itself, or what cannot is done again.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContinuousTroubleTest {
  private static final String ARCHIVE_SIZE = "100m";
  private static final String PROXY_SIZE = "24m";
  private static final int IMAGES = 6;

  private Path archive;
  private Path proxy;
  private RealGroup group;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @BeforeAll
  void start(@TempDir Path directory) throws IOException, InterruptedException {
    System.out.println("seed=" + seed);
    DiskTroubleTest.needRootAnd("mount");
    archive = Files.createDirectories(directory.resolve("group/servers/a0"));
    proxy = Files.createDirectories(directory.resolve("group/servers/p0"));
    mount(archive, ARCHIVE_SIZE);
    mount(proxy, PROXY_SIZE);
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) {
      RealGroup.signal("CONT", group.pid("a0"));
      RealGroup.signal("CONT", group.pid("p0"));
      group.close();
    }
    for (Path mounted : List.of(archive, proxy)) DiskTroubleTest.sh("umount " + mounted);
  }

  private static void mount(Path at, String size) throws IOException, InterruptedException {
    DiskTroubleTest.sh("mount -t tmpfs -o size=%s,mode=0700 tmpfs %s".formatted(size, at));
  }

  private ContinuousVolume add(String name, String... more)
      throws IOException, InterruptedException {
    ContinuousVolume volume = ContinuousVolume.add(group, name, List.of("a0"), seed, more);
    volume.writes().faster();
    return volume;
  }

  private long pid(String server) {
    return group.process(server).orElseThrow().pid();
  }

  private static JsonNode storage(ContinuousVolume volume)
      throws IOException, InterruptedException {
    return volume.show().path("hops").path("storage");
  }

  @Test
  void aFullArchiveIsSaidAndTakesAllWhenThereIsRoom() throws Exception {
    try (ContinuousVolume volume = add("archive")) {
      volume.backUp();
      volume.await(
          "no space at the archive",
          () -> volume.show().path("hops").path("proxies").toString().contains("no-space"));
      DiskTroubleTest.sh("mount -o remount,size=400m " + archive);

      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }

  @Test
  void aFullProxyIsSaidAndTakesAllWhenItsArchiveDoes() throws Exception {
    DiskTroubleTest.sh("mount -o remount,size=400m " + archive);
    try (ContinuousVolume volume = add("proxy")) {
      volume.backUp();
      long stopped = pid("a0");
      RealGroup.signal("STOP", stopped);
      volume.await(
          "no space at the proxy",
          () -> storage(volume).path("trouble").asText().contains("space"));
      RealGroup.signal("CONT", stopped);

      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }

  /** Rule X5: the pass that is under way is done again, in a session of its own. */
  @Test
  void aLogThatOverflowsDuringAFullBackupMakesItBeginAgain() throws Exception {
    DiskTroubleTest.sh("mount -o remount,size=400m " + archive);
    try (ContinuousVolume volume = add("overflow", "--log-size", "40M")) {
      RealGroup.Command backup =
          group.start("backup", "full", "overflow", "--rate-limit", "2MiB/s");
      group.awaitBackedUp("overflow", 2L * Volumes.MIB);
      int session = volume.show().path("log").path("session").asInt();
      long stopped = pid("p0");
      RealGroup.signal("STOP", stopped);
      volume.await(
          "the log is given up",
          () ->
              volume.show().path("log").hasNonNull("givenUp")
                  || volume.show().path("log").path("session").asInt() > session);
      RealGroup.signal("CONT", stopped);

      RealGroup.Answer answer = backup.await();
      assertThat(answer.exit()).as("%s", answer).isZero();
      assertThat(volume.show().path("log").path("session").asInt()).isGreaterThan(session);
      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, random);
    }
  }
}
