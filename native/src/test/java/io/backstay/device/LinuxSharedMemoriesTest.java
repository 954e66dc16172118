package io.backstay.device;

import io.backstay.seam.SharedMemories;
import io.backstay.seam.SharedMemoriesContract;

class LinuxSharedMemoriesTest extends SharedMemoriesContract {
  @Override
  protected SharedMemories memories() {
    return LinuxSharedMemories.ofThisMachine();
  }
}
