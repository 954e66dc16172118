package io.backstay.twin;

import io.backstay.seam.AppendFile;
import io.backstay.seam.Devices;
import io.backstay.seam.DevicesContract;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;

class MemoryDevicesTest extends DevicesContract {
  private final MemoryDisk disk = new MemoryDisk();

  @BeforeEach
  void makeDevices() {
    disk.directory("/data");
    disk.canFreeze(true);
    disk.addBlockDevice("/dev/vdb", 8 << 20);
  }

  @Override
  protected Devices devices() {
    return disk.devices();
  }

  @Override
  protected String path(String name) {
    return "/data/" + name;
  }

  @Override
  protected Optional<String> blockDevice() {
    return Optional.of("/dev/vdb");
  }

  @Override
  protected void shorten(String path, long sizeBytes) throws IOException {
    try (AppendFile file = disk.directory("/data").append(path.substring("/data/".length()))) {
      file.truncate(sizeBytes);
    }
  }
}
