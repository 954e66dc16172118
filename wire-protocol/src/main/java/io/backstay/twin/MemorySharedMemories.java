package io.backstay.twin;

import io.backstay.seam.NoSpaceException;
import io.backstay.seam.SharedMemories;
import io.backstay.seam.SharedMemory;
import java.io.IOException;
import java.util.Optional;

/** The shared memories of a {@link MemoryDisk}'s machine as one process sees them. */
final class MemorySharedMemories implements SharedMemories {
  private final MemoryDisk disk;
  private final MemoryDisk.Mount mount;

  MemorySharedMemories(MemoryDisk disk, MemoryDisk.Mount mount) {
    this.disk = disk;
    this.mount = mount;
  }

  @Override
  public String bootId() throws IOException {
    return disk.operate(mount, "boot-id", () -> "boot " + disk.boots());
  }

  @Override
  public SharedMemory create(String name, int sizeBytes) throws IOException {
    return disk.operate(
        mount,
        "share " + name,
        () -> {
          if (sizeBytes > disk.freeBytes())
            throw new NoSpaceException("cannot share " + name + ": No space left on device");
          MemoryShared.Pages pages = new MemoryShared.Pages(sizeBytes);
          disk.shared().put(name, pages);
          return new MemoryShared(disk, mount, name, pages);
        });
  }

  @Override
  public Optional<SharedMemory> open(String name) throws IOException {
    return disk.operate(
        mount,
        "open-shared " + name,
        () ->
            Optional.ofNullable(disk.shared().get(name))
                .map(pages -> new MemoryShared(disk, mount, name, pages)));
  }

  @Override
  public void delete(String name) throws IOException {
    disk.operate(mount, "delete-shared " + name, () -> disk.shared().remove(name));
  }
}
