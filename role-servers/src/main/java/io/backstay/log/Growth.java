package io.backstay.log;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.SizeChange;
import io.backstay.seam.BlockDevice;
import io.backstay.wlog.LogLayout;
import java.io.IOException;

/**
 * Makes a volume larger while clients go on (rule L9). Each step is durable before the next:
 *
 * <pre>
 *   the data device is as long as the volume is to be, with zeroes behind the volume's end
 *   super sector with the new size: from here on clients may use it, and redo knows of it
 * </pre>
 *
 * <p>Who dies in between leaves a longer device under a volume of the old size, which the next
 * attempt finds long enough.
 *
 * <p>A device that somebody else made longer may hold anything there. No log tells of that, and the
 * archives begin what they add to their images with zeroes, so the volume does, too.
 */
final class Growth {
  /** Zeroed at once: how long a volume that stops waits for it. */
  private static final long CLEAR_BYTES = 1 << 30;

  private final String volume;
  private final LogDevice log;
  private final BlockDevice data;
  private final Checkpointer checkpointer;

  Growth(String volume, LogDevice log, BlockDevice data, Checkpointer checkpointer) {
    this.volume = volume;
    this.log = log;
    this.data = data;
    this.checkpointer = checkpointer;
  }

  long sizeBytes() {
    return log.stored().volumeSectors() * LogLayout.SECTOR_BYTES;
  }

  /**
   * @throws RefusedException unsupported where that cannot be; nothing has changed then
   */
  void lengthenData(long bytes) throws RefusedException, IOException {
    if (data.remeasure() >= bytes) return;
    try {
      data.extend(bytes);
    } catch (IOException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.UNSUPPORTED, "the data device cannot be made so long")
              .attempted(new SizeChange(volume, sizeBytes(), bytes).attempted())
              .found(e.getMessage())
              .next("give a size that its file system can hold"));
    }
  }

  /**
   * Zeroes what the volume is to get, all of it: what reads as zeroes may be what a flush lost that
   * failed. Nobody uses that range yet.
   *
   * @throws RefusedException as {@link LoggedVolume#resize} tells; nothing has changed then
   */
  void clear(long newSizeBytes) throws RefusedException, IOException {
    if (newSizeBytes % LogRing.BLOCK_BYTES != 0)
      throw new IllegalArgumentException(
          "%s of %d bytes, no multiple of %d".formatted(volume, newSizeBytes, LogRing.BLOCK_BYTES));
    long size = sizeBytes();
    SizeChange change = new SizeChange(volume, size, newSizeBytes);
    change.requireGrowth();
    change.requireRoom(data.toString(), data.remeasure());
    for (long at = size; at < newSizeBytes; at += CLEAR_BYTES)
      data.zero(at, Math.min(CLEAR_BYTES, newSizeBytes - at));
  }

  /** The size is durable when this returns, after all that {@link #clear} did. */
  void record(long newSizeBytes) throws IOException {
    if (newSizeBytes > sizeBytes()) checkpointer.grow(newSizeBytes / LogLayout.SECTOR_BYTES);
  }
}
