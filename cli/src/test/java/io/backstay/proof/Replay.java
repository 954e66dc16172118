package io.backstay.proof;

import io.backstay.proof.RecordedWrites.Recorded;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * What a volume was at each moment, by the recorded writes: all that were answered before a moment
 * it holds, and none that was sent after it; of those in between it holds the first so many.
 */
final class Replay {
  private final List<Recorded> writes;
  private final byte[] volume;
  private int done;

  Replay(List<Recorded> writes, long sizeBytes) {
    this.writes = writes;
    this.volume = new byte[Math.toIntExact(sizeBytes)];
  }

  /**
   * Goes on to a moment, which is not before the last one.
   *
   * @return why these bytes are not the volume at that moment; empty if they are
   */
  String difference(Instant moment, byte[] image) {
    int least = 0;
    while (least < writes.size() && writes.get(least).answered().isBefore(moment)) least++;
    int most = least;
    while (most < writes.size() && !writes.get(most).sent().isAfter(moment)) most++;
    while (done < least) next();
    while (!Arrays.equals(volume, image)) {
      if (done >= most)
        return "with %d to %d of %d writes the volume of %s differs from the image at byte %d"
            .formatted(least, most, writes.size(), moment, Arrays.mismatch(volume, image));
      next();
    }
    return "";
  }

  private void next() {
    Recorded write = writes.get(done++);
    System.arraycopy(write.content(), 0, volume, Math.toIntExact(write.offset()), write.bytes());
  }
}
