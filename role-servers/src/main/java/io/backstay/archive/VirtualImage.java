package io.backstay.archive;

import io.backstay.history.DamagedDiffException;
import io.backstay.history.DiffLayer;
import io.backstay.image.Range;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An image and the diffs over it, read as one (rule X8). Ranges of which the diffs hold nothing are
 * the image's; of the others only those blocks are read from the image that the diffs do not hold
 * as a whole. Hashes are taken from what both make together.
 *
 * <p>While an apply folds some of these diffs into the image, or did since this was opened, the
 * image's blocks that it rewrites are at one state or the other, with old checksums or new ones: so
 * they are not compared. Every byte that it changes is held by the diffs, so none of it is used.
 */
final class VirtualImage implements PointImage {
  private final StoredImage image;
  private final DiffLayer diffs;
  private final OpenImages.Use use;
  private final long sizeBytes;
  private final Time time;

  /**
   * @param image to be closed with this, as the other two
   */
  VirtualImage(StoredImage image, DiffLayer diffs, OpenImages.Use use, long sizeBytes, Time time) {
    this.time = time;
    this.image = image;
    this.diffs = diffs;
    this.use = use;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public long nextData(long offset) throws IOException {
    try {
      long held = diffs.nextHeld(offset).orElse(sizeBytes);
      long stored = offset < image.sizeBytes() ? image.nextData(offset) : sizeBytes;
      long data = Math.min(held, stored == image.sizeBytes() ? sizeBytes : stored);
      return data >= sizeBytes ? sizeBytes : Math.max(offset, data - data % ImageChunk.RANGE_BYTES);
    } catch (DamagedDiffException e) {
      throw new CorruptImageException(offset, e.getMessage());
    }
  }

  @Override
  public Range read(long offset, BufferPool.Lease lease) throws IOException {
    boolean kept = false;
    try {
      int length = (int) Math.min(ImageChunk.RANGE_BYTES, sizeBytes - offset);
      DiffLayer.Overlay overlay = diffs.over(offset, length);
      if (overlay.isEmpty() && offset + length <= image.sizeBytes()) {
        kept = true;
        return image.read(offset, lease);
      }
      ByteBuffer bytes = lease.buffer().clear().limit(length);
      try (DiffLayer.Fetch _ = overlay.fetch(time)) {
        readStored(offset, bytes, overlay);
      }
      overlay.putInto(bytes);
      Range range = Range.of(offset, bytes, lease);
      kept = range instanceof Range.Chunk;
      return range;
    } catch (DamagedDiffException e) {
      throw new CorruptImageException(offset, e.getMessage());
    } finally {
      if (!kept) lease.close();
    }
  }

  @Override
  public void readBlock(long offset, ByteBuffer into) throws IOException {
    try {
      DiffLayer.Overlay overlay = diffs.over(offset, into.remaining());
      readStored(offset, into, overlay);
      overlay.putInto(into);
      into.position(into.limit());
    } catch (DamagedDiffException e) {
      throw new CorruptImageException(offset, e.getMessage());
    }
  }

  /** What the diffs do not hold as a whole. */
  private void readStored(long offset, ByteBuffer into, DiffLayer.Overlay overlay)
      throws IOException {
    int wanted = ~overlay.covered();
    int unsure = unsure(offset, into.remaining(), overlay);
    try {
      image.readInto(offset, into, wanted, unsure);
    } catch (CorruptImageException e) {
      // Unless an apply began to rewrite these blocks while they were read.
      int unsureNow = unsure(offset, into.remaining(), overlay);
      if (unsureNow == unsure) throw e;
      image.readInto(offset, into, wanted, unsureNow);
    }
  }

  private int unsure(long offset, int lengthBytes, DiffLayer.Overlay overlay) {
    if (!use.isRewritten()) return 0;
    // The image's last block becomes longer when the volume has grown.
    boolean grows = sizeBytes > image.sizeBytes() && offset + lengthBytes > image.sizeBytes();
    return grows ? ~0 : overlay.touched();
  }

  @Override
  public void close() throws IOException {
    try (use;
        diffs) {
      image.close();
    }
  }
}
