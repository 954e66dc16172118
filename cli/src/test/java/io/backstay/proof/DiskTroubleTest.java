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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Disks that cannot be read or written: said clearly, and what waits for them goes on by itself
 * when they work again.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT) // with other classes; its tests one after the other
class DiskTroubleTest {
  private static final int MEBIBYTES = 32;
  private static final int IMAGES = 4;

  private RealGroup group;

  @BeforeAll
  void start(@TempDir Path directory) throws IOException, InterruptedException {
    needRootAnd("nbdkit", "nbdfuse");
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void anUnreadablePlaceIsNamedAndTheBackupGoesOnWhenItIsMended(@TempDir Path directory)
      throws Exception {
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
                .formatted(flag, bad, bad, image))) {
      group.succeed("volume", "add", "unreadable", "--kind", "plain", "--device", disk.path());
      RealGroup.Command backup = group.start("backup", "full", "unreadable");
      JsonNode waiting = group.awaitWaiting("full-backup/unreadable", "offset");
      assertThat(waiting.path("waiting").toString()).contains(Long.toString(bad));

      Files.delete(flag);

      assertThat(backup.await().exit()).isZero();
      Path target = directory.resolve("restored");
      group.succeed("restore", "unreadable", "--to", target.toString());
      Volumes.assertSameBytes(image, target);
    }
  }

  /**
   * Rule L4: what its device did not take is applied again from the log, by the process that served
   * it before.
   */
  @Test
  @Execution(ExecutionMode.SAME_THREAD)
  void aVolumeWhoseDeviceFailedIsServedAgainWhenItWorks(@TempDir Path directory) throws Exception {
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
        ContinuousVolume volume =
            ContinuousVolume.add(
                group, "unwritable", List.of("a0"), seed, "--device", disk.path())) {
      volume.backUp();
      volume.writes().awaitMore(10);
      Files.createFile(flag);
      volume.await("trouble", () -> volume.show().path("trouble").toString().contains("error"));
      Files.delete(flag);
      volume.writes().awaitMore(10);
      volume.awaitPoints(IMAGES);

      List<Recorded> written = volume.end();
      volume.assertImagesAreWhatWasWritten(written, IMAGES, new Random(seed));
    }
  }

  /** A disk that a program of nbdkit's serves, which can make it fail. */
  private record FailingDisk(Process process, Path mount) implements AutoCloseable {
    static FailingDisk mount(Path directory, String... nbdkit)
        throws IOException, InterruptedException {
      Path mount = Files.createDirectory(directory.resolve("m"));
      List<String> line = new ArrayList<>(List.of("nbdfuse", mount + "/disk", "--command"));
      line.addAll(List.of("nbdkit", "-s"));
      line.addAll(List.of(nbdkit));
      Process process = new ProcessBuilder(line).inheritIO().start();
      NbdDisk.awaitServed(mount.resolve("disk"), process);
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
