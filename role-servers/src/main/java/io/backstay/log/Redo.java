package io.backstay.log;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Applies the log to the data device from an lsid on, until the first pack that is not whole (rules
 * L4, L5). A pack that is torn was never flushed, so nobody was told that any of it is durable; it
 * is left out as a whole.
 */
final class Redo {
  private final LogDevice log;
  private final BlockDevice data;
  private final long volumeBytes;
  private final PackReader reader;
  private final ByteBuffer headerBlock = BufferPool.aligned(LogRing.BLOCK_BYTES);
  private final ByteBuffer recordBlocks = BufferPool.aligned(LogRing.RECORD_BYTES_MAX);

  Redo(LogDevice log, BlockDevice data) {
    this.log = log;
    this.data = data;
    this.volumeBytes = log.stored().volumeSectors() * LogLayout.SECTOR_BYTES;
    this.reader =
        new PackReader(LogRing.BLOCK_BYTES, log.stored().salt(), PackReader.Paddings.FILLED);
  }

  /**
   * @param until no pack from there on is applied, whatever stands there
   * @return lsid behind the last pack; what was applied is not flushed
   */
  long run(long from, long until) throws IOException {
    long lsid = from;
    while (lsid < until) {
      Optional<PackHeader> pack = wholePackAt(lsid, until);
      if (pack.isEmpty()) return lsid;
      for (LogRecord record : pack.get().records()) apply(pack.get(), record);
      lsid = pack.get().nextLsid();
    }
    return lsid;
  }

  /**
   * Writes all whole packs from an lsid on again, as they are read: in this life of the machine a
   * flush may have failed of which nobody is left to tell, and another flush alone says nothing of
   * what that one lost (rule L3).
   */
  void writeAgain(long from) throws IOException {
    Optional<PackHeader> pack = wholePackAt(from, Long.MAX_VALUE);
    for (long lsid = from; pack.isPresent(); pack = wholePackAt(lsid, Long.MAX_VALUE)) {
      for (; lsid < pack.get().nextLsid(); lsid++) {
        log.read(lsid, headerBlock.clear());
        log.write(lsid, headerBlock.flip());
      }
    }
  }

  private Optional<PackHeader> wholePackAt(long lsid, long until) throws IOException {
    log.read(lsid, headerBlock.clear());
    if (!(reader.read(headerBlock.flip(), lsid) instanceof PackReading.Pack(PackHeader header)))
      return Optional.empty();
    if (header.nextLsid() > until) return Optional.empty();
    for (LogRecord record : header.records()) {
      if (record.kind() != LogRecord.Kind.NORMAL) continue;
      if (record.dataBytes() > LogRing.RECORD_BYTES_MAX) {
        throw new IOException(
            "%s has a record of %d bytes at lsid %d, at most %d are written by this release"
                .formatted(
                    log, record.dataBytes(), header.lsidOf(record), LogRing.RECORD_BYTES_MAX));
      }
      if (!record.matches(read(header, record), reader.salt())) return Optional.empty();
    }
    return Optional.of(header);
  }

  private ByteBuffer read(PackHeader header, LogRecord record) throws IOException {
    int blocks = record.dataBlocks(LogRing.BLOCK_BYTES);
    log.read(header.lsidOf(record), recordBlocks.clear().limit(blocks * LogRing.BLOCK_BYTES));
    return recordBlocks.flip().limit(record.dataBytes());
  }

  private void apply(PackHeader header, LogRecord record) throws IOException {
    long offset = record.offsetSectors() * LogLayout.SECTOR_BYTES;
    long length = record.sizeSectors() * LogLayout.SECTOR_BYTES;
    if (record.kind() == LogRecord.Kind.PADDING) return;
    if (offset + length > volumeBytes) {
      throw new IOException(
          "%s has a record of bytes %d to %d at lsid %d, but the volume has %d"
              .formatted(log, offset, offset + length, header.lsidOf(record), volumeBytes));
    }
    if (record.kind() == LogRecord.Kind.DISCARD) data.zero(offset, length);
    else data.write(offset, read(header, record));
  }
}
