package io.backstay.diff;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The file of a wdiff at rest, compared with its sidecar block by block. */
final class StoredSource implements DiffInput.Source {
  private static final int WINDOW_BYTES = 2 * Payload.BLOCK_BYTES;

  private final String name;
  private final BlockDevice device;
  private final long fileBytes;
  private final ByteBuffer checksums;
  private final CRC32C crc = new CRC32C();
  private long offset;

  /**
   * @throws CorruptDiffException where the file has another length than its sidecar says
   */
  StoredSource(String name, BlockDevice device, DiffSidecar sidecar) throws IOException {
    this.name = name;
    this.device = device;
    this.fileBytes = sidecar.fileBytes();
    this.checksums = sidecar.checksums().view().order(ByteOrder.LITTLE_ENDIAN);
    if (device.sizeBytes() != fileBytes)
      throw new CorruptDiffException(
          "%s has %d bytes, its sidecar says %d".formatted(name, device.sizeBytes(), fileBytes));
  }

  ByteBuffer window() {
    return BufferPool.aligned((int) Math.min(WINDOW_BYTES, Math.max(1, fileBytes)));
  }

  @Override
  public void fill(ByteBuffer window) throws IOException {
    window.clear().limit((int) Math.min(window.capacity(), fileBytes - offset));
    if (!window.hasRemaining()) return;
    device.read(offset, window);
    window.flip();
    for (int from = 0; from < window.limit(); from += Payload.BLOCK_BYTES) {
      int length = Math.min(Payload.BLOCK_BYTES, window.limit() - from);
      crc.reset();
      crc.update(window.slice(from, length));
      int block = (int) ((offset + from) / Payload.BLOCK_BYTES);
      int expected = checksums.getInt(Integer.BYTES * block);
      if ((int) crc.getValue() != expected)
        throw new CorruptDiffException(
            "%s: %d bytes at %d have CRC32C %08x, its sidecar says %08x"
                .formatted(name, length, offset + from, (int) crc.getValue(), expected));
    }
    offset += window.limit();
  }

  @Override
  public void close() throws IOException {
    device.close();
  }
}
