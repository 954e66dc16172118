package io.backstay.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A loop device over a sparse file, where the test runs as root and the kernel has one left. */
final class LoopDevice implements AutoCloseable {
  private final String path;

  private LoopDevice(String path) {
    this.path = path;
  }

  /** Empty, and loudly so, where there is none to be had. */
  static Optional<LoopDevice> over(Path file, long sizeBytes) throws IOException {
    if (!Files.exists(Path.of("/dev/loop-control")) || !isRoot()) {
      say("needs root and /dev/loop-control");
      return Optional.empty();
    }
    try (var channel =
        java.nio.channels.FileChannel.open(
            file,
            java.nio.file.StandardOpenOption.CREATE,
            java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.allocate(1), sizeBytes - 1);
    }
    Result result = run("losetup", "--find", "--show", file.toString());
    if (result.status() == 0) return Optional.of(new LoopDevice(result.output()));
    say("losetup: " + result.output());
    return Optional.empty();
  }

  String path() {
    return path;
  }

  /** Its file was made longer. */
  void adoptSize() throws IOException {
    Result result = run("losetup", "--set-capacity", path);
    if (result.status() != 0) throw new IOException("losetup: " + result.output());
  }

  @Override
  public void close() throws IOException {
    run("losetup", "--detach", path);
  }

  record Result(int status, String output) {}

  static Result run(String... command) throws IOException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return new Result(127, command[0] + " is not installed");
    }
    String output = new String(process.getInputStream().readAllBytes()).strip();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS))
        throw new IOException(command[0] + " does not end");
      return new Result(process.exitValue(), output);
    } catch (InterruptedException e) {
      throw new IOException("interrupted while " + command[0] + " ran", e);
    }
  }

  static boolean isRoot() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
  }

  static void say(String why) {
    System.err.println("SKIPPED: tests with real block devices: " + why);
  }
}
