package io.backstay.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A volume as an ordinary disk of this machine, without the kernel's nbd module: nbdkit's nbd
 * plugin behind its retry filter reconnects when the storage dies, nbdfuse shows its socket as a
 * file, a loop device makes a disk of the file.
 */
final class NbdDisk implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  private final Path directory;
  private final List<Process> processes = new ArrayList<>();
  private String loop = "";

  private NbdDisk(Path directory) {
    this.directory = directory;
  }

  /**
   * A client that reconnects, on a socket of its own.
   *
   * @param directory an empty one
   */
  static NbdDisk reconnecting(Path directory, String nbdUri)
      throws IOException, InterruptedException {
    NbdDisk disk = new NbdDisk(directory);
    disk.start(
        "nbdkit",
        "-f",
        "-U",
        disk.socket().toString(),
        "--filter=retry",
        "nbd",
        "uri=" + nbdUri,
        "retries=120",
        "retry-delay=1",
        "retry-exponential=no");
    disk.awaitServed(disk.socket());
    return disk;
  }

  private Path socket() {
    return directory.resolve("front.sock");
  }

  /** Where other clients find it. */
  String uri() {
    return "nbd+unix://?socket=" + socket();
  }

  /** Shows it as a loop device. */
  String attach() throws IOException, InterruptedException {
    Path mount = Files.createDirectory(directory.resolve("m"));
    start("nbdfuse", mount.resolve("disk").toString(), uri());
    awaitServed(mount.resolve("disk"));
    loop = out("losetup -f --show " + mount.resolve("disk")).strip();
    return loop;
  }

  private void start(String... command) throws IOException {
    processes.add(new ProcessBuilder(command).inheritIO().start());
  }

  private void awaitServed(Path file) throws InterruptedException {
    awaitServed(file, processes.getLast());
  }

  /** Waits for a file or socket that a process makes when it serves it. */
  static void awaitServed(Path file, Process by) throws InterruptedException {
    while (!Files.exists(file)) {
      assertThat(by.isAlive()).as("%s waits for who serves it", file).isTrue();
      Time.system().sleep(LOOK_EVERY);
    }
  }

  /** Runs a command of the shell that must succeed, and gives its output. */
  static String out(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("bash", "-c", command).redirectErrorStream(true).start();
    String out =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s%n%s", command, out).isZero();
    return out;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    if (!loop.isEmpty()) {
      out("losetup -d %s; umount %s/m".formatted(loop, directory));
    }
    for (Process process : processes.reversed()) {
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) process.destroyForcibly();
    }
  }
}
