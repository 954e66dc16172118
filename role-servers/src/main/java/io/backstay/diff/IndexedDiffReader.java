package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.IndexRecord;
import io.backstay.wdiff.IndexRecord.Shown;
import io.backstay.wdiff.IndexSuper;
import io.backstay.wdiff.MalformedDiffException;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Reads an indexed wdiff along its index and believes nothing: header, where the index is, each of
 * its records and their order, and each payload that is asked for.
 *
 * <p>It holds a piece of the index, and the payloads that it unpacked last, 32 MiB at most and one
 * payload: an index often comes back to a payload of which a later write covers the middle.
 */
public final class IndexedDiffReader implements DiffSource {
  private static final int INDEX_WINDOW_RECORDS = 1024;
  private static final long CACHED_BYTES_MAX = 32 << 20;

  private final String name;
  private final SeekableByteChannel file;
  private final DiffHeader header;
  private final IndexSuper end;
  private final ByteBuffer window =
      ByteBuffer.allocateDirect(INDEX_WINDOW_RECORDS * IndexRecord.SIZE_BYTES).limit(0);
  private final Map<Payload, ByteBuffer> unpacked = new LinkedHashMap<>(16, 0.75f, true);
  private long unpackedBytes;
  private int taken;
  private long endSectors;
  private IndexRecord record;
  private ByteBuffer stored = ByteBuffer.allocateDirect(0);

  /** A payload in the file, as records of the index name it. */
  private record Payload(long fileOffset, DiffRecord record) {
    static Payload of(Shown shown) {
      return new Payload(shown.fileOffset(), shown.payload(0));
    }
  }

  /**
   * Reads the header and finds the index.
   *
   * @param name for messages
   * @param file closed with this, also where this fails
   */
  public IndexedDiffReader(String name, SeekableByteChannel file) throws IOException {
    this.name = name;
    this.file = file;
    try {
      long fileBytes = file.size();
      ByteBuffer first = ByteBuffer.allocateDirect(DiffHeader.SIZE_BYTES);
      fill(0, first.limit((int) Math.min(fileBytes, first.capacity())));
      header = DiffHeader.read(first.flip());
      if (header.format() != DiffHeader.Format.INDEXED)
        throw new MalformedDiffException("it is a sorted wdiff, expected an indexed one");
      end = superOf(fileBytes);
    } catch (MalformedDiffException e) {
      file.close();
      throw new MalformedDiffException("%s: %s".formatted(name, e.getMessage()));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private IndexSuper superOf(long fileBytes) throws IOException {
    int least = DiffHeader.SIZE_BYTES + IndexSuper.SIZE_BYTES;
    if (fileBytes < least)
      throw new MalformedDiffException(
          "it has %d bytes, at least %d are expected".formatted(fileBytes, least));
    ByteBuffer last = ByteBuffer.allocateDirect(IndexSuper.SIZE_BYTES);
    fill(fileBytes - IndexSuper.SIZE_BYTES, last);
    return IndexSuper.read(last.flip(), fileBytes);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public SessionUuid uuid() {
    return header.uuid();
  }

  /** Where the index is, and how long. */
  public IndexSuper index() {
    return end;
  }

  @Override
  public Optional<Stretch> next() throws IOException {
    if (taken == end.records()) return Optional.empty();
    long at = position();
    if (!window.hasRemaining()) {
      int records = Math.min(INDEX_WINDOW_RECORDS, end.records() - taken);
      fill(at, window.clear().limit(records * IndexRecord.SIZE_BYTES));
      window.flip();
    }
    try {
      record = IndexRecord.read(window);
    } catch (MalformedDiffException e) {
      throw malformed(at, e.getMessage());
    }
    window.position(window.position() + IndexRecord.SIZE_BYTES);
    taken++;
    if (record.offsetSectors() < endSectors)
      throw malformed(
          at,
          "a record for sector %d, the one before it reaches to %d"
              .formatted(record.offsetSectors(), endSectors));
    endSectors = record.endSectors();
    if (record.kind() != Kind.NORMAL)
      return Optional.of(
          Stretch.of(
              DiffRecord.withoutData(record.offsetSectors(), record.sectors(), record.kind(), 0)));
    Shown shown = record.data();
    if (shown.fileOffset() > end.indexOffset() - shown.dataBytes())
      throw malformed(
          at,
          "a payload of %d bytes at byte %d, the index begins at %d"
              .formatted(shown.dataBytes(), shown.fileOffset(), end.indexOffset()));
    // Where the payload begins on the volume is known only of one that is shown whole.
    DiffRecord payload = shown.payload(0);
    if (payload.sectors() == record.sectors()) payload = shown.payload(record.offsetSectors());
    return Optional.of(
        new Stretch(record.offsetSectors(), record.sectors(), shown.fromSector(), payload));
  }

  @Override
  public long position() {
    return end.indexOffset() + (long) taken * IndexRecord.SIZE_BYTES;
  }

  @Override
  public ByteBuffer stored() throws IOException {
    if (record == null || record.kind() != Kind.NORMAL)
      throw new IllegalStateException("no payload of " + record);
    Shown shown = record.data();
    if (stored.capacity() < shown.dataBytes())
      stored = ByteBuffer.allocateDirect(shown.dataBytes());
    fill(shown.fileOffset(), stored.clear().limit(shown.dataBytes()));
    ByteBuffer bytes = stored.flip().slice();
    if (!shown.payload(0).matches(bytes))
      throw malformed(
          shown.fileOffset(),
          "the payload for sector %d has checksum %08x, its record says %08x"
              .formatted(record.offsetSectors(), WalbChecksum.of(bytes, 0), shown.checksum()));
    return bytes;
  }

  @Override
  public ByteBuffer raw(Codecs codecs) throws IOException {
    Shown shown = record.data();
    return unpacked(codecs)
        .slice(
            shown.fromSector() * LogLayout.SECTOR_BYTES, record.sectors() * LogLayout.SECTOR_BYTES);
  }

  private ByteBuffer unpacked(Codecs codecs) throws IOException {
    Payload payload = Payload.of(record.data());
    ByteBuffer known = unpacked.get(payload);
    if (known != null) return known;
    ByteBuffer bytes = stored();
    if (payload.record().compression() == Compression.Type.NONE
        && payload.record().sectors() == record.sectors()) return bytes;
    ByteBuffer room = ByteBuffer.allocateDirect(payload.record().rawBytes());
    try {
      codecs.unpack(payload.record(), bytes, room);
    } catch (MalformedDiffException e) {
      throw malformed(payload.fileOffset(), e.getMessage());
    }
    unpacked.put(payload, room.flip());
    unpackedBytes += room.capacity();
    Iterator<ByteBuffer> eldest = unpacked.values().iterator();
    while (unpackedBytes > CACHED_BYTES_MAX && unpacked.size() > 1) {
      unpackedBytes -= eldest.next().capacity();
      eldest.remove();
    }
    return room;
  }

  private void fill(long offset, ByteBuffer into) throws IOException {
    file.position(offset);
    while (into.hasRemaining())
      if (file.read(into) < 0)
        throw new MalformedDiffException("%s: it became shorter while it was read".formatted(name));
  }

  private MalformedDiffException malformed(long at, String found) {
    return new MalformedDiffException("%s, byte %d: %s".formatted(name, at, found));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
