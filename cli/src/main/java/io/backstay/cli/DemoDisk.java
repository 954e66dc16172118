package io.backstay.cli;

import io.backstay.seam.Time;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * An NBD export as a disk of this machine with a file system, without the kernel's nbd module:
 * nbdfuse shows the export as a file, a loop device makes a disk of the file.
 */
final class DemoDisk implements Closeable {
  static final List<String> PROGRAMS =
      List.of("nbdfuse", "losetup", "mount", "umount", "mkfs.ext4");

  private static final Duration LOOK_EVERY = Duration.ofMillis(20);
  private static final int LOOKS_MAX = 500;

  private final Tools tools;
  private final DemoMounts mounts;
  private final Path mounted;
  private final String device;

  private DemoDisk(Tools tools, DemoMounts mounts, Path mounted, String device) {
    this.tools = tools;
    this.mounts = mounts;
    this.mounted = mounted;
    this.device = device;
  }

  /**
   * @param directory a new one, of this disk alone
   */
  static DemoDisk attach(Tools tools, Time time, Path directory, String nbdUri)
      throws IOException, InterruptedException {
    Path fuse = Files.createDirectories(directory.resolve("nbd"));
    Path mounted = Files.createDirectories(directory.resolve("disk"));
    Path file = fuse.resolve("volume");
    Process serving = tools.start("nbdfuse", file.toString(), nbdUri);
    for (int i = 0; !Files.exists(file); i++) {
      if (i == LOOKS_MAX || !serving.isAlive())
        throw new IOException("nbdfuse does not show " + nbdUri);
      time.sleep(LOOK_EVERY);
    }
    String device = tools.run("losetup", "-f", "--show", file.toString());
    return new DemoDisk(tools, new DemoMounts(tools, time, directory), mounted, device);
  }

  void format() throws IOException, InterruptedException {
    tools.run("mkfs.ext4", "-q", device);
  }

  /** Where its files are from now on. */
  Path mount() throws IOException, InterruptedException {
    tools.run("mount", device, mounted.toString());
    return mounted;
  }

  @Override
  public void close() throws IOException {
    mounts.release();
  }
}
