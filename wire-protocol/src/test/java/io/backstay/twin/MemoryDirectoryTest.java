package io.backstay.twin;

import io.backstay.seam.Directory;
import io.backstay.seam.DirectoryContract;

class MemoryDirectoryTest extends DirectoryContract {
  private final MemoryDisk disk = new MemoryDisk();

  @Override
  protected Directory create() {
    return disk.directory("/state");
  }

  @Override
  protected Directory afterProcessDeath() {
    disk.processDeath();
    return disk.directory("/state");
  }
}
