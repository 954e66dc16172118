package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.proof.RecordedWrites.Recorded;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Disks that are full and disks that cannot be read: said clearly, and the backup goes on by itself
 * when the cause is gone.
 */
@Execution(ExecutionMode.CONCURRENT)
class DiskTroubleTest {
  private static final int MEBIBYTES = 64;
  private static final int IMAGES = 4;

  @TempDir private Path directory;

  @Test
  void aFullArchiveIsSaidAndTheBackupGoesOnWhenThereIsRoom() throws Exception {
    needRootAnd("mount");
    Path archive = Files.createDirectories(directory.resolve("group/servers/a0"));
    sh("mount -t tmpfs -o size=20m,mode=0700 tmpfs " + archive);
    try (RealGroup group = RealGroup.up(directory.resolve("group"))) {
      Path source = Volumes.make(directory.resolve("vol0.img"), MEBIBYTES, 1);
      group.succeed("volume", "add", "vol0", "--kind", "plain", "--device", source.toString());
      RealGroup.Command backup = group.start("backup", "full", "vol0");
      JsonNode waiting = group.awaitWaiting("full-backup/vol0", "space");
      assertThat(waiting.path("waiting").toString()).contains("a");

      sh("mount -o remount,size=200m " + archive);

      assertThat(backup.await().exit()).isZero();
      assertRestores(group, source);
    } finally {
      sh("umount " + archive);
    }
  }

  @Test
  void anUnreadablePlaceIsNamedAndTheBackupGoesOnWhenItIsMended() throws Exception {
    needRootAnd("nbdkit", "nbdfuse");
    Path image = Volumes.make(directory.resolve("disk.img"), MEBIBYTES, 2);
    Path flag = Files.createFile(directory.resolve("broken"));
    long bad = 20L * Volumes.MIB + 65536;
    try (FailingDisk disk =
            FailingDisk.mount(
                directory,
                "-r",
                "eval",
                "get_size=echo " + (long) MEBIBYTES * Volumes.MIB,
                "can_extents=exit 3",
                "pread=if [ -e %s ] && [ $4 -le %d ] && [ $(($4 + $3)) -gt %d ]; then echo 'EIO bad sector' >&2; exit 1; fi; dd if=%s iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=1M status=none"
                    .formatted(flag, bad, bad, image));
        RealGroup group = RealGroup.up(directory.resolve("group"))) {
      group.succeed("volume", "add", "vol0", "--kind", "plain", "--device", disk.path());
      RealGroup.Command backup = group.start("backup", "full", "vol0");
      JsonNode waiting = group.awaitWaiting("full-backup/vol0", "offset");
      assertThat(waiting.path("waiting").toString()).contains(Long.toString(bad));

      Files.delete(flag);

      assertThat(backup.await().exit()).isZero();
      assertRestores(group, image);
    }
  }

  /**
   * Rule L4: what its device did not take is applied again from the log, by the process that served
   * it before.
   */
  @Test
  void aVolumeWhoseDeviceFailedIsServedAgainWhenItWorks() throws Exception {
    needRootAnd("nbdkit", "nbdfuse");
    Path image = directory.resolve("disk.img");
    try (RandomAccessFile made = new RandomAccessFile(image.toFile(), "rw")) {
      made.setLength(ContinuousVolume.SIZE);
    }
    Path flag = directory.resolve("broken");
    long seed = new Random().nextLong();
    System.out.println("seed=" + seed);
    try (FailingDisk disk =
            FailingDisk.mount(
                directory,
                "--filter=error",
                "file",
                image.toString(),
                "error-pwrite-rate=100%",
                "error-pwrite-file=" + flag);
        RealGroup group = RealGroup.up(directory.resolve("group"));
        ContinuousVolume volume =
            ContinuousVolume.add(group, "vol0", List.of("a0"), seed, "--device", disk.path())) {
      volume.backUp();
      volume.writes().awaitMore(10);
      Files.createFile(flag);
      volume.await("trouble", () -> volume.show().path("trouble").toString().contains("error"));
      Files.delete(flag);
      volume.writes().awaitMore(10);

      List<Recorded> written = volume.end();
      volume.awaitPoints(IMAGES);
      volume.assertImagesAreWhatWasWritten(written, IMAGES, new Random(seed));
    }
  }

  /** A disk that a program of nbdkit's serves, which can make it fail. */
  private record FailingDisk(Process process, Path mount) implements AutoCloseable {
    static FailingDisk mount(Path directory, String... nbdkit) throws IOException {
      Path mount = Files.createDirectory(directory.resolve("m"));
      List<String> line = new ArrayList<>(List.of("nbdfuse", mount + "/disk", "--command"));
      line.addAll(List.of("nbdkit", "-s"));
      line.addAll(List.of(nbdkit));
      Process process = new ProcessBuilder(line).inheritIO().start();
      while (!Files.exists(mount.resolve("disk"))) assertThat(process.isAlive()).isTrue();
      return new FailingDisk(process, mount);
    }

    String path() {
      return mount + "/disk";
    }

    @Override
    public void close() throws IOException, InterruptedException {
      sh("umount %s || umount -l %s".formatted(mount, mount));
      process.waitFor(10, TimeUnit.SECONDS);
      process.destroyForcibly();
    }
  }

  private void assertRestores(RealGroup group, Path source)
      throws IOException, InterruptedException {
    Path target = directory.resolve("restored");
    group.succeed("restore", "vol0", "--to", target.toString());
    assertThat(Volumes.sha256(target)).isEqualTo(Volumes.sha256(source));
  }

  static void needRootAnd(String... tools) throws IOException, InterruptedException {
    for (String tool : tools) {
      boolean there = sh("command -v " + tool) == 0;
      if (!there) System.err.println("!!! SKIPPED: " + tool + " is missing");
      Assumptions.assumeTrue(there, tool);
    }
    boolean root = System.getProperty("user.name").equals("root");
    if (!root) System.err.println("!!! SKIPPED: mounting needs root");
    Assumptions.assumeTrue(root, "root");
  }

  static int sh(String command) throws IOException, InterruptedException {
    return new ProcessBuilder(List.of("sh", "-c", command))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
