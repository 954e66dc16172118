package io.backstay.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;

/**
 * What stat tells of a file or block device.
 *
 * @param device major:minor of the file system
 * @param blockDevice major:minor of the device that this is; "0:0" for a file
 * @param modified when its bytes changed last
 * @param changed when its bytes or attributes changed last; nobody can set it back
 */
record FileStatus(
    FileKind kind,
    long sizeBytes,
    String device,
    long inode,
    String blockDevice,
    Instant modified,
    Instant changed) {

  /**
   * @throws java.nio.file.NoSuchFileException where nothing is there
   */
  static FileStatus of(Path path) throws IOException {
    Map<String, Object> stat =
        Files.readAttributes(path, "unix:mode,size,dev,ino,rdev,lastModifiedTime,ctime");
    return new FileStatus(
        FileKind.ofMode(path.toString(), (int) stat.get("mode")),
        (long) stat.get("size"),
        majorMinor((long) stat.get("dev")),
        (long) stat.get("ino"),
        majorMinor((long) stat.get("rdev")),
        ((FileTime) stat.get("lastModifiedTime")).toInstant(),
        ((FileTime) stat.get("ctime")).toInstant());
  }

  /** Of a dev_t as the C library has it. */
  static String majorMinor(long device) {
    long major = (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL);
    long minor = (device & 0xff) | (device >>> 12 & ~0xffL & 0xffffffffL);
    return major + ":" + minor;
  }
}
