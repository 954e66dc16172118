package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Invariant 1 with real processes (rules L1 to L4): clients that reconnect work on a logged volume
 * while its storage is killed with SIGKILL again and again, and miss nothing. CI kills three times
 * each, {@code --long} twenty times.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledStorageTest {
  private static final int KILLS = Boolean.getBoolean("backstay.long") ? 20 : 3;
  private static final String POSTGRES =
      "setpriv --reuid postgres --regid postgres --clear-groups ";

  private Path directory;
  private RealGroup group;

  @BeforeAll
  void start(@TempDir Path made) throws IOException, InterruptedException {
    need("nbdkit", "nbdfuse", "fio");
    directory = made;
    group = RealGroup.up(directory.resolve("group"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (group != null) group.close();
  }

  /** Serves a new volume; where clients find it. */
  private String volume(String name, String size) throws IOException, InterruptedException {
    group.succeed("volume", "add", name, "--kind", "logged", "--size", size);
    return show(name).path("nbdUri").asText();
  }

  /** Kills the storage as often as it is to be, each time when it serves the volume again. */
  private void killAgainAndAgain(String volume) throws IOException, InterruptedException {
    for (int i = 0; i < KILLS; i++) {
      group.killAndAwaitNext("s0");
      while (!show(volume).hasNonNull("nbdUri")) Time.system().sleep(RealGroup.ASK_EVERY);
      // It serves: let clients write for as long as a JVM takes before the next death.
      group.start("volume", "list").await();
    }
  }

  /** A client that opens while nothing is served is told so, at once. */
  private void awaitWrites(String volume) throws IOException, InterruptedException {
    while (show(volume).at("/log/usedBytes").asLong() == 0)
      Time.system().sleep(RealGroup.ASK_EVERY);
  }

  private JsonNode show(String volume) throws IOException, InterruptedException {
    return group.succeed("volume", "show", volume).path("volume");
  }

  @Test
  void aClientThatWritesSurvivesAllKills() throws Exception {
    Path own = Files.createDirectory(directory.resolve("writes"));
    try (NbdDisk disk = NbdDisk.reconnecting(own, volume("writes", "1G"))) {
      Process writes =
          fio(own, disk, "--rw=randwrite", "--fsync=32", "--do_verify=0", "--loops=1000");
      awaitWrites("writes");
      killAgainAndAgain("writes");
      assertThat(writes.isAlive())
          .as("it survived all kills: %s", Files.readString(own.resolve("fio.txt")))
          .isTrue();
      writes.destroy();
      writes.waitFor();
    }
  }

  @Test
  void everyWriteThatWasAcknowledgedIsReadBack() throws Exception {
    Path own = Files.createDirectory(directory.resolve("fio"));
    try (NbdDisk disk = NbdDisk.reconnecting(own, volume("fio", "1G"))) {
      Process whole = fio(own, disk, "--rw=randwrite", "--do_verify=1");
      awaitWrites("fio");
      killAgainAndAgain("fio");
      assertThat(whole.waitFor()).as(Files.readString(own.resolve("fio.txt"))).isZero();
    }
  }

  private static Process fio(Path own, NbdDisk disk, String... more) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=v",
                "--ioengine=nbd",
                "--uri=" + disk.uri(),
                "--bs=4k",
                "--iodepth=8",
                "--size=64m",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_state_save=0"));
    line.addAll(List.of(more));
    return new ProcessBuilder(line)
        .directory(own.toFile())
        .redirectErrorStream(true)
        .redirectOutput(own.resolve("fio.txt").toFile())
        .start();
  }

  @Test
  void aDatabaseSeesNothingButPauses() throws Exception {
    need("setpriv", "losetup", "/usr/lib/postgresql/*/bin/pgbench");
    needRoot();
    String uri = volume("pg", "2G");
    Path own = Files.createDirectory(directory.resolve("pg"));
    NbdDisk.out("chmod a+rx %s %s".formatted(directory, own));
    String bin = NbdDisk.out("ls -d /usr/lib/postgresql/*/bin | tail -1").strip() + "/";
    try (NbdDisk disk = NbdDisk.reconnecting(own, uri)) {
      String loop = disk.attach();
      Path mounted = Files.createDirectory(own.resolve("mounted"));
      NbdDisk.out("mkfs.ext4 -q %s && mount %s %s".formatted(loop, loop, mounted));
      Path data = mounted.resolve("data");
      NbdDisk.out("install -d -o postgres -g postgres -m 700 " + data);
      String connect = " -h %s postgres".formatted(data);
      NbdDisk.out(POSTGRES + bin + "initdb -A trust -D " + data);
      String options = "-k %s -c listen_addresses=".formatted(data);
      NbdDisk.out(
          POSTGRES
              + bin
              + "pg_ctl -w -D %s -o '%s' -l %s start".formatted(data, options, data + "/log"));
      NbdDisk.out(POSTGRES + bin + "pgbench -i -s 2" + connect);

      Process bench =
          new ProcessBuilder(
                  "bash", "-c", "exec " + POSTGRES + bin + "pgbench -n -c 4 -T 100000" + connect)
              .redirectErrorStream(true)
              .redirectOutput(own.resolve("pgbench.txt").toFile())
              .start();
      killAgainAndAgain("pg");
      assertThat(bench.isAlive())
          .as("no client saw an error: %s", Files.readString(own.resolve("pgbench.txt")))
          .isTrue();
      bench.destroy();
      bench.waitFor();

      String sums =
          NbdDisk.out(
              POSTGRES
                  + bin
                  + "psql -At -c 'select count(*) from (select sum(abalance) s from pgbench_accounts union select sum(bbalance) from pgbench_branches union select sum(tbalance) from pgbench_tellers union select sum(delta) from pgbench_history) x'"
                  + connect);
      assertThat(sums.strip()).as("all four sums are one").isEqualTo("1");
      NbdDisk.out(POSTGRES + bin + "pg_ctl -w -D %s -m fast stop".formatted(data));
      NbdDisk.out("umount " + mounted);
      assertThat(NbdDisk.out("e2fsck -fn " + loop)).contains("Pass 5");
    }
  }

  private static void need(String... tools) throws IOException, InterruptedException {
    for (String tool : tools) {
      boolean there = new ProcessBuilder("sh", "-c", "command -v " + tool).start().waitFor() == 0;
      if (!there) System.err.println("!!! SKIPPED: " + tool + " is missing");
      Assumptions.assumeTrue(there, tool);
    }
  }

  private static void needRoot() {
    boolean root = System.getProperty("user.name").equals("root");
    if (!root) System.err.println("!!! SKIPPED: mounting needs root");
    Assumptions.assumeTrue(root, "root");
  }
}
