package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program that serves a file, or nothing, over NBD while it is open. */
final class NbdPeer implements AutoCloseable {
  static final String NBDKIT = "nbdkit file";
  static final String QEMU_WRITEBACK = "qemu-nbd writeback";
  static final String QEMU_DIRECT = "qemu-nbd none, native";

  /** Answers and does nothing: as fast as its client can be. It has no place in the ratios. */
  static final String IDLE = "nbdkit null";

  static final List<String> NAMES = List.of(NBDKIT, QEMU_WRITEBACK, QEMU_DIRECT);
  private static final int STOP_SECONDS = 30;

  private final Process process;

  private NbdPeer(Process process) {
    this.process = process;
  }

  /**
   * @param unix on a Unix socket, else on the loopback port
   */
  static NbdPeer start(String name, Path file, Path socket, int port, boolean unix)
      throws BenchException, IOException {
    Files.deleteIfExists(socket);
    List<String> command =
        switch (name) {
          case NBDKIT -> nbdkit(socket, port, unix, "file", file.toString());
          case IDLE -> nbdkit(socket, port, unix, "null", "" + Files.size(file));
          case QEMU_WRITEBACK -> qemu(file, socket, port, unix, "--cache=writeback");
          case QEMU_DIRECT -> qemu(file, socket, port, unix, "--cache=none", "--aio=native");
          default -> throw new IllegalArgumentException(name);
        };
    return new NbdPeer(
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  private static List<String> nbdkit(Path socket, int port, boolean unix, String... plugin) {
    List<String> command = new ArrayList<>(List.of("nbdkit", "-f"));
    command.addAll(
        unix ? List.of("-U", socket.toString()) : List.of("-i", "127.0.0.1", "-p", "" + port));
    command.addAll(List.of(plugin));
    return command;
  }

  private static List<String> qemu(
      Path file, Path socket, int port, boolean unix, String... caching) {
    List<String> command =
        new ArrayList<>(List.of("qemu-nbd", "-f", "raw", "-t", "-e", "128", "--discard=unmap"));
    command.addAll(List.of(caching));
    command.addAll(
        unix ? List.of("-k", socket.toString()) : List.of("-b", "127.0.0.1", "-p", "" + port));
    command.add(file.toString());
    return command;
  }

  static String uri(Path socket, int port, boolean unix) {
    return unix ? "nbd+unix:///?socket=" + socket : "nbd://127.0.0.1:" + port + "/";
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
  }
}
