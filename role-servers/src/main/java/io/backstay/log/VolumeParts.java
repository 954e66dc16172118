package io.backstay.log;

import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.SharedMemories;
import io.backstay.seam.Time;
import java.util.Objects;

/**
 * What a logged volume is made of.
 *
 * @param directory where the volume keeps what must be durable beside its log; its own
 * @param dataPath data device, a file or block device
 * @param logPath log device, a file or block device
 */
public record VolumeParts(
    String volume,
    Directory directory,
    Devices devices,
    SharedMemories memories,
    Time time,
    String dataPath,
    String logPath,
    LogSettings settings) {
  public VolumeParts {
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(devices, "devices");
    Objects.requireNonNull(memories, "memories");
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(dataPath, "dataPath");
    Objects.requireNonNull(logPath, "logPath");
    Objects.requireNonNull(settings, "settings");
  }
}
