package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    Path mount = Files.createDirectory(directory.resolve("m"));
    Process fuse =
        new ProcessBuilder(
                "nbdfuse",
                mount.resolve("disk").toString(),
                "--command",
                "nbdkit",
                "-s",
                "-r",
                "eval",
                "get_size=echo " + (long) MEBIBYTES * Volumes.MIB,
                "can_extents=exit 3",
                "pread=if [ -e %s ] && [ $4 -le %d ] && [ $(($4 + $3)) -gt %d ]; then echo 'EIO bad sector' >&2; exit 1; fi; dd if=%s iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=1M status=none"
                    .formatted(flag, bad, bad, image))
            .inheritIO()
            .start();
    try (RealGroup group = RealGroup.up(directory.resolve("group"))) {
      Path device = mount.resolve("disk");
      while (!Files.exists(device)) assertThat(fuse.isAlive()).isTrue();
      group.succeed("volume", "add", "vol0", "--kind", "plain", "--device", device.toString());
      RealGroup.Command backup = group.start("backup", "full", "vol0");
      JsonNode waiting = group.awaitWaiting("full-backup/vol0", "offset");
      assertThat(waiting.path("waiting").toString()).contains(Long.toString(bad));

      Files.delete(flag);

      assertThat(backup.await().exit()).isZero();
      assertRestores(group, image);
    } finally {
      sh("umount " + mount.resolve("disk") + " || umount -l " + mount);
      fuse.waitFor(10, TimeUnit.SECONDS);
      fuse.destroyForcibly();
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
