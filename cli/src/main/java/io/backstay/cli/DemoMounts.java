package io.backstay.cli;

import io.backstay.group.ProcessIdentity;
import io.backstay.group.ProcessTable;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What is mounted below a directory, and who works there. It is found out anew each time, so that a
 * demo can also clear away what an earlier one left that was killed.
 */
final class DemoMounts {
  /** Where {@link DatabaseTenant} keeps its files on a disk. */
  static final String DATABASE = "data";

  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final int LOOKS_MAX = 200;

  private final Tools tools;
  private final Time time;
  private final Path directory;

  DemoMounts(Tools tools, Time time, Path directory) {
    this.tools = tools;
    this.time = time;
    this.directory = directory;
  }

  private record Mount(String device, Path at) {}

  /** Ends databases, unmounts, and gives loop devices back. */
  void release() throws IOException {
    try {
      List<Mount> mounts = mounts();
      for (Mount mount : mounts) endDatabase(mount.at().resolve(DATABASE));
      // File systems first: a loop device is busy, and so is its file, as long as one is there.
      for (Mount mount : mounts) if (isLoop(mount.device())) unmount(mount.at());
      for (String device : loopDevices()) tools.run("losetup", "-d", device);
      for (Mount mount : mounts) if (!isLoop(mount.device())) unmount(mount.at());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isLoop(String device) {
    return device.startsWith("/dev/loop");
  }

  private List<Mount> mounts() throws IOException {
    Path below = directory.toRealPath();
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .map(line -> line.split(" "))
        .map(fields -> new Mount(fields[0], Path.of(fields[1].replace("\\040", " "))))
        .filter(mount -> mount.at().startsWith(below))
        .toList()
        .reversed();
  }

  private List<String> loopDevices() throws IOException, InterruptedException {
    if (!tools.has("losetup")) return List.of();
    Path below = directory.toRealPath();
    return tools
        .run("losetup", "-l", "-n", "-O", "NAME,BACK-FILE")
        .lines()
        .map(line -> line.strip().split("\\s+", 2))
        .filter(fields -> fields.length == 2 && Path.of(fields[1]).startsWith(below))
        .map(fields -> fields[0])
        .toList();
  }

  /** At once, as a loss of power would: what it has not made durable nobody was promised. */
  private void endDatabase(Path files) throws IOException, InterruptedException {
    ProcessTable table = ProcessTable.ofThisMachine();
    for (ProcessIdentity process : table.withArguments(List.of(files.toString()))) {
      tools.run("kill", "-QUIT", Long.toString(process.pid()));
      for (int i = 0; i < LOOKS_MAX && table.alive(process); i++) time.sleep(LOOK_EVERY);
    }
  }

  /** Somebody may look into it for a moment. */
  private void unmount(Path at) throws IOException, InterruptedException {
    for (int i = 0; i < LOOKS_MAX; i++) {
      if (tools.succeeds("umount", at.toString())) return;
      time.sleep(LOOK_EVERY);
    }
    tools.run("umount", "-l", at.toString());
  }
}
