package io.backstay.diff;

import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a sorted wdiff from its first byte to its last, pack by pack, and knows at the end what
 * its sidecar says of it. The same input gives the same bytes. It holds one pack, some 5 MiB. Not
 * for several threads.
 */
public final class SortedDiffWriter implements DiffWriter {
  /** A pack that has as much is written; walb's may grow to 32 MiB. */
  private static final int PACK_BODY_BYTES = 4 << 20;

  /** Room for a body that is almost full and one more record. */
  private static final int PACK_BUFFER_BYTES =
      DiffPack.HEADER_BYTES
          + PACK_BODY_BYTES
          + Codecs.roomFor(DiffRecord.WRITTEN_SECTORS_MAX * LogLayout.SECTOR_BYTES);

  /** Stretches without data that are longer are cut to longer records. */
  private static final int LONG_SECTORS = 32 * DiffRecord.WRITTEN_SECTORS_MAX;

  /** 1 GiB: a volume of many TiB may be discarded at once, and its diff stays small. */
  private static final int LONG_RECORD_SECTORS = 1 << 21;

  /** What a writer needs that is not to take memory of its own. */
  public static final int MEMORY_BYTES = PACK_BUFFER_BYTES;

  private static final int FIRST_BUFFER_BYTES = 256 << 10;

  private final DiffOutput out;
  private final Compression compression;
  private final Codecs codecs = new Codecs();
  private final BlockChecksums checksums = new BlockChecksums();
  private final List<DiffRecord> records = new ArrayList<>(DiffPack.RECORDS_MAX);

  /** The pack being made: room for its header, then its body up to the position. */
  private ByteBuffer pack;

  private final Column firstSectors = new Column();
  private long endSectors;
  private boolean finished;

  /** Writes the file's header. */
  public SortedDiffWriter(DiffOutput out, SessionUuid uuid, Compression compression)
      throws IOException {
    this(out, uuid, compression, ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES));
  }

  /**
   * As above, in memory of the caller's, where one wdiff after the other is written.
   *
   * @param memory direct, of {@link #MEMORY_BYTES} or more
   */
  public SortedDiffWriter(
      DiffOutput out, SessionUuid uuid, Compression compression, ByteBuffer memory)
      throws IOException {
    this.out = out;
    this.compression = compression;
    this.pack = memory.clear().position(DiffPack.HEADER_BYTES);
    ByteBuffer header = ByteBuffer.allocateDirect(DiffHeader.SIZE_BYTES);
    new DiffHeader(DiffHeader.Format.SORTED, uuid).write(header);
    write(header.flip());
  }

  @Override
  public void add(long offsetSectors, long sectors, Kind kind, ByteBuffer raw) throws IOException {
    if (kind == Kind.NORMAL && raw.remaining() != sectors * LogLayout.SECTOR_BYTES)
      throw new IllegalArgumentException(
          "%d bytes for %d sectors".formatted(raw.remaining(), sectors));
    boolean isLong = kind != Kind.NORMAL && sectors > LONG_SECTORS;
    int most = isLong ? LONG_RECORD_SECTORS : DiffRecord.WRITTEN_SECTORS_MAX;
    for (long done = 0; done < sectors; done += most) {
      int now = (int) Math.min(most, sectors - done);
      switch (kind) {
        case NORMAL -> {
          int from = raw.position() + (int) done * LogLayout.SECTOR_BYTES;
          addNormal(offsetSectors + done, now, raw.slice(from, now * LogLayout.SECTOR_BYTES));
        }
        case ALLZERO, DISCARD ->
            take(DiffRecord.withoutData(offsetSectors + done, now, kind, bodyBytes()));
      }
    }
  }

  private void addNormal(long offsetSectors, int sectors, ByteBuffer raw) throws IOException {
    ensureRoom(Codecs.roomFor(raw.remaining()));
    int at = pack.position();
    Compression.Type type = codecs.compress(compression, Codecs.direct(raw), pack);
    int bytes = pack.position() - at;
    int checksum = WalbChecksum.of(pack, at, bytes, 0);
    take(
        new DiffRecord(
            offsetSectors,
            sectors,
            Kind.NORMAL,
            type,
            at - DiffPack.HEADER_BYTES,
            bytes,
            checksum));
  }

  @Override
  public void addStored(DiffRecord record, ByteBuffer stored) throws IOException {
    if (stored.remaining() != record.dataBytes())
      throw new IllegalArgumentException("%d bytes for %s".formatted(stored.remaining(), record));
    ensureRoom(record.dataBytes());
    int at = bodyBytes();
    pack.put(stored.duplicate());
    take(record.at(at));
  }

  @Override
  public void finish() throws IOException {
    requireOpen();
    flushPack();
    ByteBuffer end = ByteBuffer.allocateDirect(DiffPack.HEADER_BYTES);
    DiffPack.writeEnd(end);
    write(end.flip());
    finished = true;
  }

  @Override
  public Compression.Type compression() {
    return compression.type();
  }

  @Override
  public long fileBytes() {
    return checksums.bytes();
  }

  /** First address of each pack that was written, in sectors: as a sidecar has it. */
  public Bytes packs() {
    return firstSectors.toBytes();
  }

  /** CRC32C of each 64 KiB that was written: as a sidecar has it. */
  public Bytes checksums() {
    return checksums.checksums();
  }

  @Override
  public void close() {
    codecs.close();
  }

  private void take(DiffRecord record) throws IOException {
    requireOpen();
    if (record.offsetSectors() < endSectors)
      throw new IllegalArgumentException(
          "a record for sector %d behind one that reaches to %d"
              .formatted(record.offsetSectors(), endSectors));
    records.add(record);
    endSectors = record.endSectors();
    if (records.size() == DiffPack.RECORDS_MAX || bodyBytes() >= PACK_BODY_BYTES) flushPack();
  }

  private void flushPack() throws IOException {
    if (records.isEmpty()) return;
    firstSectors.addLong(records.getFirst().offsetSectors());
    new DiffPack(records, bodyBytes()).write(pack.duplicate().position(0));
    records.clear();
    write(pack.flip());
    pack.limit(pack.capacity()).position(DiffPack.HEADER_BYTES);
  }

  private int bodyBytes() {
    return pack.position() - DiffPack.HEADER_BYTES;
  }

  /**
   * A body never grows beyond what a pack may have: what is longer by itself is alone in its pack.
   */
  private void ensureRoom(int bytes) throws IOException {
    if (bytes > DiffPack.BODY_BYTES_MAX - bodyBytes()) flushPack();
    if (pack.remaining() >= bytes) return;
    int wanted = Math.max(2 * pack.capacity(), pack.position() + bytes);
    ByteBuffer larger =
        room(Math.min(wanted, Math.max(PACK_BUFFER_BYTES, pack.position() + bytes)));
    pack = larger.put(pack.slice(DiffPack.HEADER_BYTES, bodyBytes()));
  }

  private static ByteBuffer room(int bytes) {
    return ByteBuffer.allocateDirect(bytes).position(DiffPack.HEADER_BYTES);
  }

  private void write(ByteBuffer bytes) throws IOException {
    checksums.add(bytes);
    out.write(bytes);
  }

  private void requireOpen() {
    if (finished) throw new IllegalStateException("the wdiff was finished already");
  }
}
