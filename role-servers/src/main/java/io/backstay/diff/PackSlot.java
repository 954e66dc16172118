package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.WalbChecksum;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One pack while it is made. Where its bounds are is decided by the data before it is compressed,
 * so that packs may be compressed beside each other and the file is the same nevertheless.
 */
final class PackSlot implements AutoCloseable {
  /** Data of a pack before the next one begins; walb's may have 32 MiB, compressed. */
  static final int RAW_BYTES = 2 << 20;

  /** Room for a header, a body that is almost full and one more record. */
  static final int MEMORY_BYTES =
      DiffPack.HEADER_BYTES
          + RAW_BYTES
          + Codecs.roomFor(DiffRecord.WRITTEN_SECTORS_MAX * LogLayout.SECTOR_BYTES);

  private static final int FIRST_BUFFER_BYTES = 512 << 10;

  private final Compression compression;
  private final Codecs codecs = new Codecs();
  private final List<Part> parts = new ArrayList<>(DiffPack.RECORDS_MAX);
  private final List<DiffRecord> records = new ArrayList<>(DiffPack.RECORDS_MAX);
  private ByteBuffer pack;
  private ByteBuffer copies = ByteBuffer.allocateDirect(0);
  private long firstSector;
  private int rawBytes;

  /** What becomes one record. */
  sealed interface Part {
    long offsetSectors();

    int rawBytes();

    /** Data to be compressed; none of what reads as zeroes. */
    record Raw(long offsetSectors, int sectors, Kind kind, ByteBuffer data) implements Part {
      @Override
      public int rawBytes() {
        return kind == Kind.NORMAL ? sectors * LogLayout.SECTOR_BYTES : 0;
      }
    }

    /** A record with its payload as it stands elsewhere. */
    record Stored(DiffRecord record, ByteBuffer payload) implements Part {
      @Override
      public long offsetSectors() {
        return record.offsetSectors();
      }

      @Override
      public int rawBytes() {
        return record.rawBytes();
      }
    }
  }

  /** In memory of its own, which grows with what it has to take. */
  PackSlot(Compression compression) {
    this(compression, ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES));
  }

  PackSlot(Compression compression, ByteBuffer memory) {
    this.compression = compression;
    this.pack = memory.clear().position(DiffPack.HEADER_BYTES);
  }

  boolean isEmpty() {
    return records.isEmpty() && parts.isEmpty();
  }

  /** Whether the next pack is to begin before one more of so many bytes. */
  boolean isFullBefore(int moreRawBytes) {
    return !isEmpty() && moreRawBytes > DiffPack.BODY_BYTES_MAX - rawBytes;
  }

  boolean isFull() {
    return records.size() + parts.size() == DiffPack.RECORDS_MAX || rawBytes >= RAW_BYTES;
  }

  /** Address of its first record. */
  long firstSector() {
    return firstSector;
  }

  /** Takes the next part and puts it into the pack at once. */
  void put(Part part) {
    count(part);
    encode(part);
  }

  /** Takes the next part and keeps a copy of its bytes until {@link #encode()}. */
  void putLater(Part part) {
    count(part);
    parts.add(
        switch (part) {
          case Part.Raw raw ->
              new Part.Raw(raw.offsetSectors, raw.sectors, raw.kind, copied(raw.data));
          case Part.Stored stored -> new Part.Stored(stored.record, copied(stored.payload));
        });
  }

  /**
   * Takes the next part and looks at its bytes at {@link #encode()}; nobody changes them before.
   */
  void putLasting(Part part) {
    count(part);
    parts.add(part);
  }

  private void count(Part part) {
    if (isEmpty()) firstSector = part.offsetSectors();
    rawBytes += part.rawBytes();
  }

  /** Puts all that is kept into the pack and makes its header: it is ready to be written. */
  void encode() {
    for (Part part : parts) encode(part);
    parts.clear();
    new DiffPack(records, bodyBytes()).write(pack.duplicate().position(0));
    records.clear();
    pack.flip();
  }

  /** The whole pack. */
  ByteBuffer encoded() {
    return pack.duplicate();
  }

  /** Begins the next pack. */
  void clear() {
    pack.clear().position(DiffPack.HEADER_BYTES);
    copies.clear();
    rawBytes = 0;
  }

  private void encode(Part part) {
    switch (part) {
      case Part.Raw raw when raw.kind == Kind.NORMAL -> compress(raw);
      case Part.Raw zeroes ->
          records.add(
              DiffRecord.withoutData(
                  zeroes.offsetSectors, zeroes.sectors, zeroes.kind, bodyBytes()));
      case Part.Stored stored -> {
        ensureRoom(stored.record.dataBytes());
        records.add(stored.record.at(bodyBytes()));
        pack.put(stored.payload.duplicate());
      }
    }
  }

  private void compress(Part.Raw raw) {
    ensureRoom(Codecs.roomFor(raw.data.remaining()));
    int at = pack.position();
    Compression.Type type = codecs.compress(compression, Codecs.direct(raw.data), pack);
    int bytes = pack.position() - at;
    records.add(
        new DiffRecord(
            raw.offsetSectors,
            raw.sectors,
            Kind.NORMAL,
            type,
            at - DiffPack.HEADER_BYTES,
            bytes,
            WalbChecksum.of(pack, at, bytes, 0)));
  }

  private int bodyBytes() {
    return pack.position() - DiffPack.HEADER_BYTES;
  }

  private ByteBuffer copied(ByteBuffer bytes) {
    int at = copies.position();
    if (copies.remaining() < bytes.remaining()) {
      // Those that were copied before keep the old one alive.
      copies = ByteBuffer.allocateDirect(Math.max(RAW_BYTES, bytes.remaining()));
      at = 0;
    }
    copies.put(bytes.duplicate());
    return copies.slice(at, bytes.remaining());
  }

  private void ensureRoom(int bytes) {
    if (pack.remaining() >= bytes) return;
    int needed = pack.position() + bytes;
    ByteBuffer larger = room(Math.max(needed, Math.min(2 * pack.capacity(), needed + RAW_BYTES)));
    pack = larger.put(pack.slice(DiffPack.HEADER_BYTES, bodyBytes()));
  }

  private static ByteBuffer room(int bytes) {
    return ByteBuffer.allocateDirect(bytes).position(DiffPack.HEADER_BYTES);
  }

  @Override
  public void close() {
    codecs.close();
  }
}
