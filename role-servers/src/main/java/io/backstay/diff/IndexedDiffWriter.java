package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.IndexRecord;
import io.backstay.wdiff.IndexRecord.Shown;
import io.backstay.wdiff.IndexSuper;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/**
 * Writes an indexed wdiff, for walb's proxies: payloads first, then the index, which waits in a
 * spool meanwhile, since it grows with the file. In the index a stretch is cut as walb cuts it, to
 * lengths that are powers of two at addresses that are multiples of them.
 */
public final class IndexedDiffWriter implements DiffWriter {
  private static final int BUFFER_BYTES = 128 << 10;

  private final DiffOutput out;
  private final SeekableByteChannel spool;
  private final Compression compression;
  private final Codecs codecs = new Codecs();
  private final ByteBuffer index = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private ByteBuffer payload = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private long bytes;
  private long endSectors;
  private int records;
  private int ios;

  /**
   * Writes the file's header.
   *
   * @param spool empty, for reading and writing; the caller deletes it
   */
  public IndexedDiffWriter(
      DiffOutput out, SeekableByteChannel spool, SessionUuid uuid, Compression compression)
      throws IOException {
    this.out = out;
    this.spool = spool;
    this.compression = compression;
    ByteBuffer header = ByteBuffer.allocateDirect(DiffHeader.SIZE_BYTES);
    new DiffHeader(DiffHeader.Format.INDEXED, uuid).write(header);
    write(header.flip());
  }

  @Override
  public void add(long offsetSectors, long sectors, Kind kind, ByteBuffer raw) throws IOException {
    if (kind == Kind.NORMAL && raw.remaining() != sectors * LogLayout.SECTOR_BYTES)
      throw new IllegalArgumentException(
          "%d bytes for %d sectors".formatted(raw.remaining(), sectors));
    switch (kind) {
      case ALLZERO, DISCARD -> addEmpty(offsetSectors, sectors, kind);
      case NORMAL -> {
        for (int done = 0; done < sectors; done += DiffRecord.WRITTEN_SECTORS_MAX) {
          int now = (int) Math.min(DiffRecord.WRITTEN_SECTORS_MAX, sectors - done);
          int from = raw.position() + done * LogLayout.SECTOR_BYTES;
          addNormal(offsetSectors + done, now, raw.slice(from, now * LogLayout.SECTOR_BYTES));
        }
      }
    }
  }

  private void addEmpty(long offsetSectors, long sectors, Kind kind) throws IOException {
    advance(offsetSectors, sectors);
    long sector = offsetSectors;
    while (sector < endSectors) {
      int piece = pieceAt(sector, endSectors - sector);
      index(new IndexRecord(sector, piece, kind, Shown.NOTHING));
      sector += piece;
    }
  }

  private void advance(long offsetSectors, long sectors) {
    if (offsetSectors < endSectors)
      throw new IllegalArgumentException(
          "a stretch from sector %d behind one that reaches to %d"
              .formatted(offsetSectors, endSectors));
    endSectors = offsetSectors + sectors;
    ios++;
  }

  private void addNormal(long offsetSectors, int sectors, ByteBuffer raw) throws IOException {
    int room = Codecs.roomFor(raw.remaining());
    if (payload.capacity() < room) payload = ByteBuffer.allocateDirect(room);
    payload.clear();
    Compression.Type type = codecs.compress(compression, Codecs.direct(raw), payload);
    payload.flip();
    addStored(
        new DiffRecord(
            offsetSectors,
            sectors,
            Kind.NORMAL,
            type,
            0,
            payload.limit(),
            WalbChecksum.of(payload, 0)),
        payload);
  }

  @Override
  public void addStored(DiffRecord record, ByteBuffer stored) throws IOException {
    if (stored.remaining() != record.dataBytes())
      throw new IllegalArgumentException("%d bytes for %s".formatted(stored.remaining(), record));
    advance(record.offsetSectors(), record.sectors());
    long at = bytes;
    write(stored.duplicate());
    int shown = 0;
    while (shown < record.sectors()) {
      long sector = record.offsetSectors() + shown;
      int piece = pieceAt(sector, record.sectors() - shown);
      Shown data =
          new Shown(
              record.compression(),
              at,
              record.dataBytes(),
              shown,
              record.sectors(),
              record.checksum());
      index(new IndexRecord(sector, piece, Kind.NORMAL, data));
      shown += piece;
    }
  }

  /** The longest power of two that divides the address and is not longer than what is left. */
  private static int pieceAt(long sector, long sectorsLeft) {
    long longest = Math.min(Long.highestOneBit(sectorsLeft), DiffRecord.WRITTEN_SECTORS_MAX);
    return (int) (sector == 0 ? longest : Math.min(Long.lowestOneBit(sector), longest));
  }

  private void index(IndexRecord record) throws IOException {
    if (index.remaining() < IndexRecord.SIZE_BYTES) spill();
    record.write(index);
    records = Math.addExact(records, 1);
  }

  private void spill() throws IOException {
    index.flip();
    while (index.hasRemaining()) spool.write(index);
    index.clear();
  }

  @Override
  public void finish() throws IOException {
    write(ByteBuffer.allocateDirect((int) (-bytes & 7)));
    long indexOffset = bytes;
    spill();
    spool.position(0);
    while (spool.read(index.clear()) >= 0) write(index.flip());
    ByteBuffer end = ByteBuffer.allocateDirect(IndexSuper.SIZE_BYTES);
    new IndexSuper(indexOffset, records, ios).write(end);
    write(end.flip());
  }

  @Override
  public Compression.Type compression() {
    return compression.type();
  }

  @Override
  public long fileBytes() {
    return bytes;
  }

  @Override
  public void close() {
    codecs.close();
  }

  private void write(ByteBuffer from) throws IOException {
    bytes += from.remaining();
    out.write(from);
  }
}
