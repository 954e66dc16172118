package io.backstay.log;

import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;

/** What a volume of a test is made of: devices {@code /dev/data} and {@code /dev/log} of a twin. */
public final class PartsOnDisk {
  private PartsOnDisk() {}

  public static VolumeParts of(MemoryDisk disk, Time time, LogSettings settings) {
    return of(disk, time, settings, "/dev/data");
  }

  static VolumeParts of(MemoryDisk disk, Time time, LogSettings settings, String data) {
    return new VolumeParts(
        "vol0",
        disk.directory("/server/vol0"),
        disk.devices(),
        disk.sharedMemories(),
        time,
        data,
        "/dev/log",
        settings);
  }
}
