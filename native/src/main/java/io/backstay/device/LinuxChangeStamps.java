package io.backstay.device;

import io.backstay.seam.ChangeStamp;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * Evidence of writes to a source (rule L10).
 *
 * <p><b>A file</b>: device, inode, size, mtime, ctime, boot id. The kernel takes times from a clock
 * that ticks every few milliseconds, so that a second write in the same tick leaves no trace;
 * therefore a file that changed just now is looked at again a little later. The boot id is part of
 * it because a loss of power may keep a write and lose its time. On network file systems other
 * machines' writes are seen late, or never: no evidence. Stores into a shared mapping are seen when
 * the kernel notices them, which is before the bytes are read back by direct IO.
 *
 * <p><b>A block device</b>: the counts of written and discarded requests and sectors, writes in
 * flight, size, boot id, and of a loop device also its backing file. The kernel counts per device:
 * writes to a partition through the whole disk, or to a logical volume below it, are not seen. No
 * evidence where the counts are switched off (queue/iostats) or /sys is missing.
 */
final class LinuxChangeStamps {
  /** Longer than a tick of the kernel's coarse clock (at most 10 ms). */
  private static final Duration TICK = Duration.ofMillis(20);

  /** A file that is written all the time never gets older; its stamps differ anyway. */
  private static final int LOOKS_MAX = 3;

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path BLOCK_DEVICES = Path.of("/sys/dev/block");

  private static final Set<String> NETWORK_FILE_SYSTEMS =
      Set.of("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "glusterfs");

  private final Time time;

  LinuxChangeStamps(Time time) {
    this.time = time;
  }

  ChangeStamp of(Path path) throws IOException {
    FileStatus status = FileStatus.of(path);
    if (!Files.isReadable(BOOT_ID)) return ChangeStamp.UNKNOWN;
    return switch (status.kind()) {
      case FILE -> ofFile(path);
      case BLOCK_DEVICE -> ofBlockDevice(status);
    };
  }

  private ChangeStamp ofFile(Path path) throws IOException {
    if (onNetwork(path)) return ChangeStamp.UNKNOWN;
    return new ChangeStamp("file " + evidenceOf(path) + " boot " + text(BOOT_ID));
  }

  private String evidenceOf(Path path) throws IOException {
    FileStatus status = FileStatus.of(path);
    for (int i = 1; i < LOOKS_MAX && isYoung(status); i++) {
      sleep();
      status = FileStatus.of(path);
    }
    return "%s:%d size %d modified %s changed %s"
        .formatted(
            status.device(),
            status.inode(),
            status.sizeBytes(),
            status.modified(),
            status.changed());
  }

  private boolean isYoung(FileStatus status) {
    Duration age = Duration.between(status.changed(), time.now());
    return !age.isNegative() && age.compareTo(TICK) < 0;
  }

  private ChangeStamp ofBlockDevice(FileStatus status) throws IOException {
    Path sys = BLOCK_DEVICES.resolve(status.blockDevice());
    if (!Files.isReadable(sys.resolve("stat")) || !countsWrites(sys)) return ChangeStamp.UNKNOWN;
    String[] counts = text(sys.resolve("stat")).split("\\s+");
    StringBuilder evidence = new StringBuilder("block ").append(status.blockDevice());
    evidence.append(" size ").append(text(sys.resolve("size")));
    evidence.append(" writes ").append(counts[4]).append('/').append(counts[6]);
    if (counts.length > 13)
      evidence.append(" discards ").append(counts[11]).append('/').append(counts[13]);
    // A write that is under way is counted only when it is done; its bytes may be read before.
    evidence.append(" in flight ").append(text(sys.resolve("inflight")).split("\\s+")[1]);
    evidence.append(" boot ").append(text(BOOT_ID)).append(backing(sys));
    return new ChangeStamp(evidence.toString());
  }

  /** A partition has no queue of its own: its disk, one level up, says it. */
  private static boolean countsWrites(Path sys) throws IOException {
    Path real = sys.toRealPath();
    Path own = real.resolve("queue/iostats");
    Path disk = real.resolveSibling("queue/iostats");
    if (Files.isReadable(own)) return text(own).equals("1");
    return Files.isReadable(disk) && text(disk).equals("1");
  }

  /** Writes past a loop device, into its file. */
  private String backing(Path sys) throws IOException {
    Path file = sys.resolve("loop/backing_file");
    if (!Files.isReadable(file)) return "";
    try {
      return " backing file " + evidenceOf(Path.of(text(file)));
    } catch (NoSuchFileException e) {
      return " backing file deleted";
    }
  }

  private static boolean onNetwork(Path path) throws IOException {
    String type = Files.getFileStore(path).type();
    return NETWORK_FILE_SYSTEMS.contains(type) || type.startsWith("fuse.");
  }

  private static String text(Path path) throws IOException {
    return Files.readString(path).strip();
  }

  /** An interrupt does not shorten it, and is kept. */
  private void sleep() {
    boolean interrupted = Thread.interrupted();
    boolean slept = false;
    while (!slept) {
      try {
        time.sleep(TICK);
        slept = true;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }
}
