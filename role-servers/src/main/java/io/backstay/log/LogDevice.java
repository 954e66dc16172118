package io.backstay.log;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.SuperSector;
import io.backstay.wlog.SuperSectors;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** A log device in walb's format: super sector and ring, addressed by lsid. */
final class LogDevice implements Closeable {
  private static final int BLOCK_BYTES = LogRing.BLOCK_BYTES;
  private static final int ZERO_BYTES = 1 << 20;

  private final BlockDevice device;
  private final LogLayout layout;
  private final ReentrantLock flushing = new ReentrantLock();
  private Optional<IOException> flushFailure = Optional.empty();
  private Optional<TailMemory> tail = Optional.empty();
  private volatile SuperSector stored;

  private LogDevice(BlockDevice device, SuperSector stored) {
    this.device = device;
    this.layout = stored.layout();
    this.stored = stored;
  }

  /**
   * @throws MalformedLogException where it is no log device
   */
  static LogDevice open(BlockDevice device) throws IOException {
    ByteBuffer head = BufferPool.aligned(SuperSectors.HEAD_BYTES);
    device.read(SuperSectors.HEAD_OFFSET_BYTES, head);
    SuperSector found = SuperSectors.read(head.flip()).chosen();
    if (found.blockBytes() != BLOCK_BYTES) {
      throw new MalformedLogException(
          "%s has blocks of %d bytes, this release serves logs of %d"
              .formatted(device, found.blockBytes(), BLOCK_BYTES));
    }
    if (found.layout().sizeBytes() > device.sizeBytes()) {
      throw new MalformedLogException(
          "%s has %d bytes, its super sector says %d"
              .formatted(device, device.sizeBytes(), found.layout().sizeBytes()));
    }
    return new LogDevice(device, found);
  }

  /**
   * Makes a log of a device: zeroes everywhere, so that no flush ever has to change an extent (rule
   * L3), then the super sectors, all durable. What was there is gone.
   */
  static LogDevice format(BlockDevice device, SuperSector sector) throws IOException {
    LogDevice log = new LogDevice(device, sector);
    log.writeZeroes(0, sector.layout().sizeBytes());
    log.flush();
    log.store(sector);
    return log;
  }

  LogLayout layout() {
    return layout;
  }

  /** The super sector as it is durable. */
  SuperSector stored() {
    return stored;
  }

  /** Durable in both places when it returns; the second is written first (rule L4). */
  void store(SuperSector sector) throws IOException {
    ByteBuffer block = BufferPool.aligned(BLOCK_BYTES);
    sector.write(block);
    device.write(layout.secondSuperBytes(), block.flip());
    flush();
    device.write(LogLayout.FIRST_SUPER_BYTES, block.rewind());
    flush();
    stored = sector;
  }

  void read(long lsid, ByteBuffer blocks) throws IOException {
    eachLap(lsid, blocks, device::read);
  }

  /** Not durable before {@link #flush}. */
  void write(long lsid, ByteBuffer blocks) throws IOException {
    eachLap(lsid, blocks, device::write);
  }

  private interface Access {
    void at(long offset, ByteBuffer bytes) throws IOException;
  }

  /** In the parts that lie side by side on the device. */
  private void eachLap(long lsid, ByteBuffer blocks, Access access) throws IOException {
    long at = lsid;
    while (blocks.hasRemaining()) {
      int length = (int) Math.min(blocks.remaining(), layout.blocksToRingEnd(at) * BLOCK_BYTES);
      access.at(layout.physicalBytes(at), blocks.slice(blocks.position(), length));
      blocks.position(blocks.position() + length);
      at += length / BLOCK_BYTES;
    }
  }

  /**
   * Makes what was written durable. After one failure all flushes fail: the next one might succeed
   * although what the failed one covered is lost (rule L3).
   */
  void flush() throws IOException {
    flushing.lock();
    try {
      if (flushFailure.isPresent())
        throw new IOException(
            "an earlier flush of %s failed: %s".formatted(device, flushFailure.get().getMessage()),
            flushFailure.get());
      tail.ifPresent(memory -> memory.doubt(TailMemory.Doubt.LOG));
      device.flush();
      tail.ifPresent(memory -> memory.settle(TailMemory.Doubt.LOG));
    } catch (IOException e) {
      if (flushFailure.isEmpty()) flushFailure = Optional.of(e);
      throw e;
    } finally {
      flushing.unlock();
    }
  }

  /** From now on each flush that is under way is noted there. */
  void noteFlushes(TailMemory memory) {
    flushing.lock();
    try {
      tail = Optional.of(memory);
    } finally {
      flushing.unlock();
    }
  }

  /** Durable when it returns. */
  void clear(long lsid, long blocks) throws IOException {
    long first = Math.min(blocks, layout.blocksToRingEnd(lsid));
    writeZeroes(layout.physicalBytes(lsid), first * BLOCK_BYTES);
    if (first < blocks)
      writeZeroes(layout.physicalBytes(lsid + first), (blocks - first) * BLOCK_BYTES);
    flush();
  }

  /** Writes them, where a hole would read the same: see {@link #format}. */
  private void writeZeroes(long offset, long lengthBytes) throws IOException {
    ByteBuffer zeroes = BufferPool.aligned(ZERO_BYTES);
    long end = offset + lengthBytes;
    for (long at = offset; at < end; at += ZERO_BYTES)
      device.write(at, zeroes.clear().limit((int) Math.min(ZERO_BYTES, end - at)));
  }

  @Override
  public void close() throws IOException {
    device.close();
  }

  @Override
  public String toString() {
    return device.toString();
  }
}
