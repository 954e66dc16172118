package io.backstay.cli;

import io.backstay.group.Group;
import io.backstay.group.Layout;
import io.backstay.group.ProcessTable;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The directory that a demo runs in: its own, marked as such, and removed with everything that runs
 * in it at the end, however the demo ends. What a killed demo left behind the next one removes.
 */
final class DemoGround implements Closeable {
  /** Marks a directory of a demo; holds the process id of the demo while it runs, or "kept". */
  private static final String MARK = "backstay-demo";

  private static final String KEPT = "kept";
  private static final String PREFIX = "backstay-demo-";
  private static final long BYTES_NEEDED = 2500L << 20;

  private final Path directory;
  private final Shell shell;
  private final boolean keep;
  private final AtExit interrupted;

  private DemoGround(Shell shell, Path directory, boolean keep) {
    this.shell = shell;
    this.directory = directory;
    this.keep = keep;
    this.interrupted = new AtExit("end of the demo", this::clear);
  }

  /**
   * @param wanted a directory that is new, empty or of an earlier demo; else one below the
   *     temporary directory
   */
  static DemoGround prepare(Shell shell, Optional<Path> wanted, boolean keep, Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    removeLeftovers(shell, say);
    Path directory = wanted.isPresent() ? own(shell, wanted.get(), say) : fresh();
    requireSpace(directory);
    Files.writeString(directory.resolve(MARK), Long.toString(ProcessHandle.current().pid()));
    return new DemoGround(shell, directory, keep);
  }

  Layout layout() {
    return new Layout(directory.resolve("group"));
  }

  Path resolve(String name) {
    return directory.resolve(name);
  }

  Path directory() {
    return directory;
  }

  /** Lets other users through to what lies in it, not see what that is; the group stays closed. */
  void letOthersPass() throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
  }

  boolean kept() {
    return keep;
  }

  private static Path temporary() {
    return Path.of(System.getProperty("java.io.tmpdir"));
  }

  /** With a short name: people read it again and again. */
  private static Path fresh() throws IOException {
    FileAttribute<?> closed =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Path wanted = temporary().resolve(PREFIX + ProcessHandle.current().pid());
    try {
      return Files.createDirectory(wanted, closed);
    } catch (FileAlreadyExistsException e) {
      return Files.createTempDirectory(temporary(), PREFIX, closed);
    }
  }

  private static Path own(Shell shell, Path wanted, Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    Path directory = wanted.toAbsolutePath().normalize();
    if (Files.exists(directory.resolve(MARK))) {
      say.accept("removing what an earlier demo left in " + directory);
      remove(shell, directory);
    }
    Files.createDirectories(directory);
    try (Stream<Path> inside = Files.list(directory)) {
      if (inside.findAny().isEmpty()) return directory;
    }
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_EMPTY, "the directory holds something that is not of a demo")
            .attempted("run the demo in " + directory)
            .found("files, and none is called " + MARK)
            .next("give a directory that is new or empty"));
  }

  private static void requireSpace(Path directory) throws IOException, RefusedException {
    long usable = Files.getFileStore(directory).getUsableSpace();
    if (usable >= BYTES_NEEDED) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NO_SPACE, "there is not enough space for the demo")
            .attempted("run the demo in " + directory)
            .found(Quantity.bytes(usable) + " free, needed " + Quantity.bytes(BYTES_NEEDED))
            .next("give another directory: demo --dir D"));
  }

  /** Of demos of this user whose process is gone and which were not to be kept. */
  private static void removeLeftovers(Shell shell, Consumer<String> say)
      throws IOException, InterruptedException {
    try (DirectoryStream<Path> demos = Files.newDirectoryStream(temporary(), PREFIX + "*")) {
      for (Path demo : demos) {
        if (!isLeftover(demo)) continue;
        say.accept("removing what a killed demo left in " + demo);
        remove(shell, demo);
      }
    }
  }

  private static boolean isLeftover(Path demo) {
    try {
      String user = System.getProperty("user.name");
      if (!Files.isDirectory(demo) || !Files.getOwner(demo).getName().equals(user)) return false;
      String mark = Files.readString(demo.resolve(MARK)).strip();
      return !mark.equals(KEPT)
          && ProcessTable.ofThisMachine().find(Long.parseLong(mark)).isEmpty();
    } catch (IOException | NumberFormatException e) {
      return false;
    }
  }

  private static void remove(Shell shell, Path demo) throws IOException, InterruptedException {
    // While its volumes are served: what is mounted of them is to be unmounted, not to fail.
    new DemoMounts(new Tools(shell.path()), shell.time(), demo).release();
    new Group(new Layout(demo.resolve("group")), shell.launch(), shell.time()).kill();
    List<Path> all;
    try (Stream<Path> walk = Files.walk(demo)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) Files.deleteIfExists(file);
  }

  /** At the end, and at Ctrl-C. */
  private void clear() {
    try {
      remove(shell, directory);
    } catch (IOException e) {
      shell.err().println("backstay: %s could not be removed: %s".formatted(directory, e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is to be kept is kept also if the demo failed: it can be looked at. */
  @Override
  public void close() throws IOException {
    interrupted.close();
    if (keep) Files.writeString(directory.resolve(MARK), KEPT);
    else clear();
  }
}
