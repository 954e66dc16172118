package io.backstay.sim.flow;

import io.backstay.sim.SimulatedNode;
import io.backstay.sim.Violation;
import io.backstay.sim.log.VolumeHistory;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Looks at what a restore wrote, and compares it with the volume's history. */
final class Restores {
  private long compared;

  long compared() {
    return compared;
  }

  /** It was said to be done. */
  void compare(FlowVolume volume, long gid, SimulatedNode node, String path, String from)
      throws IOException {
    int size = (int) volume.record().sizeBytes();
    ByteBuffer found = ByteBuffer.wrap(node.bytes(path));
    if (found.remaining() != size)
      throw new Violation(
          "3", "%s has %d bytes, the volume %d".formatted(path, found.remaining(), size));
    long[] image = new long[size / VolumeHistory.SECTOR_BYTES];
    for (int s = 0; s < image.length; s++) image[s] = VolumeHistory.numberIn(found, s, s);
    volume.generations().restored(gid, image, "from " + from + " at " + path);
    compared++;
  }
}
