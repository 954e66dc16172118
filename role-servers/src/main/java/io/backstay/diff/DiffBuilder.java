package io.backstay.diff;

import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.PackHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes a wdiff of a stretch of log: of every sector what was written last. A write of nothing but
 * zeroes needs no payload, a discard reads as zeroes from then on (rule L7).
 *
 * <p>It refers to the packs' data and copies none of it, so its memory is the stretch's: between
 * two cuts at most 32 MiB and a pack (rule M1). Whoever has longer ones makes several wdiffs and
 * merges them. Not for several threads.
 */
public final class DiffBuilder {
  private static final ByteBuffer NO_DATA = ByteBuffer.allocateDirect(0);

  /** By their first sector; none overlaps another. */
  private final TreeMap<Long, Extent> extents = new TreeMap<>();

  private long dataBytes;

  /** Sectors from {@code from} on, whose data begins at a byte of a pack's data. */
  private record Extent(long from, long end, Kind kind, ByteBuffer pack, int dataAt) {
    Extent upTo(long sector) {
      return new Extent(from, sector, kind, pack, dataAt);
    }

    Extent since(long sector) {
      int skipped = kind == Kind.NORMAL ? (int) (sector - from) * LogLayout.SECTOR_BYTES : 0;
      return new Extent(sector, end, kind, pack, dataAt + skipped);
    }

    ByteBuffer data() {
      return kind == Kind.NORMAL
          ? pack.slice(dataAt, (int) (end - from) * LogLayout.SECTOR_BYTES)
          : NO_DATA;
    }
  }

  /**
   * Adds the next pack of the log, whose checksums were compared.
   *
   * @param data the pack's blocks of data, from position to limit; not changed, nor used for
   *     anything else, until this builder is done with
   */
  public void add(PackHeader pack, ByteBuffer data) {
    if (data.remaining() != (long) pack.dataBlocks() * pack.blockBytes())
      throw new IllegalArgumentException(
          "%d bytes of data for a pack of %d blocks"
              .formatted(data.remaining(), pack.dataBlocks()));
    ByteBuffer blocks = data.slice();
    dataBytes += blocks.remaining();
    for (LogRecord record : pack.records())
      add(record, blocks, (record.lsidLocal() - 1) * pack.blockBytes());
  }

  /**
   * Adds the next record of the log, whose checksum was compared.
   *
   * @param data of a write exactly its data, from position to limit, as in {@link
   *     #add(PackHeader,ByteBuffer)}; else not looked at
   */
  public void add(LogRecord record, ByteBuffer data) {
    ByteBuffer bytes = data.slice();
    if (record.kind() == LogRecord.Kind.NORMAL && bytes.remaining() != record.dataBytes())
      throw new IllegalArgumentException(
          "%d bytes of data for %s".formatted(bytes.remaining(), record));
    dataBytes += record.dataBytes();
    add(record, bytes, 0);
  }

  private void add(LogRecord record, ByteBuffer bytes, int at) {
    long from = record.offsetSectors();
    long end = from + record.sizeSectors();
    switch (record.kind()) {
      case NORMAL -> {
        boolean zero = isZero(bytes, at, record.dataBytes());
        put(new Extent(from, end, zero ? Kind.ALLZERO : Kind.NORMAL, bytes, at));
      }
      case DISCARD -> put(new Extent(from, end, Kind.DISCARD, NO_DATA, 0));
      case PADDING -> {}
    }
  }

  /** Bytes of data that it refers to. */
  public long dataBytes() {
    return dataBytes;
  }

  /** Stretches that the wdiff will have, before they are cut to its longest record. */
  public int size() {
    return extents.size();
  }

  /**
   * Writes all of it; the writer is left to be finished by the caller, who lets go of the data only
   * then.
   */
  public void writeTo(DiffWriter out) throws IOException {
    for (Extent extent : extents.values())
      out.addLasting(extent.from, extent.end - extent.from, extent.kind, extent.data());
  }

  /** Forgets everything, and refers to no data any more. */
  public void clear() {
    extents.clear();
    dataBytes = 0;
  }

  /** The newest wins: what it covers is cut out of what was there. */
  private void put(Extent newest) {
    Map.Entry<Long, Extent> before = extents.lowerEntry(newest.from);
    if (before != null && before.getValue().end > newest.from) {
      Extent old = before.getValue();
      extents.put(old.from, old.upTo(newest.from));
      if (old.end > newest.end) extents.put(newest.end, old.since(newest.end));
    }
    for (Map.Entry<Long, Extent> next = extents.ceilingEntry(newest.from);
        next != null && next.getKey() < newest.end;
        next = extents.ceilingEntry(newest.from)) {
      Extent old = next.getValue();
      extents.remove(old.from);
      if (old.end > newest.end) extents.put(newest.end, old.since(newest.end));
    }
    extents.put(newest.from, newest);
  }

  private static boolean isZero(ByteBuffer bytes, int from, int length) {
    for (int at = from, end = from + length; at < end; at += Long.BYTES)
      if (bytes.getLong(at) != 0) return false;
    return true;
  }
}
