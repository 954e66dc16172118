package io.backstay.twin;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BlockDeviceContract;
import java.io.IOException;
import org.junit.jupiter.api.Nested;

class MemoryBlockDeviceTest {
  @Nested
  class AlignedTo4096 extends Contract {
    AlignedTo4096() {
      super(4096);
    }
  }

  @Nested
  class AlignedTo512 extends Contract {
    AlignedTo512() {
      super(512);
    }
  }

  @Nested
  class NotAligned extends Contract {
    NotAligned() {
      super(1);
    }
  }

  abstract static class Contract extends BlockDeviceContract {
    private final MemoryDisk disk;

    Contract(int alignmentBytes) {
      disk = new MemoryDisk(alignmentBytes);
    }

    @Override
    protected BlockDevice create(long sizeBytes) throws IOException {
      return disk.directory("/d").createDevice("image", sizeBytes);
    }

    @Override
    protected BlockDevice reopen() throws IOException {
      return disk.directory("/d").openDevice("image");
    }

    @Override
    protected void grow(long sizeBytes) throws IOException {
      try (BlockDevice other = reopen()) {
        other.extend(sizeBytes);
      }
    }
  }
}
