package io.backstay.catalog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A file of the catalog as bytes: a log, or a snapshot, which is a log with exactly one entry.
 * Integers are little-endian.
 *
 * <pre>
 *  off  size  header
 *    0     8  magic "BKSCATLG" (log) or "BKSCATSN" (snapshot)
 *    8     4  format version, 1
 *   12     8  generation, the number in the file's name
 *   20     4  CRC32C of bytes 0 .. 19
 *
 *  off  size  entry; the first at 24, each behind the one before
 *    0     4  magic "BKCE"
 *    4     4  body bytes n, 1 .. 33554432
 *    8     8  revision of the state before the first change of this entry; in a snapshot of the
 *             state itself
 *   16     4  CRC32C of bytes 0 .. 15 and the body
 *   20     n  body, CBOR: a {@link CatalogChange.Batch}, in a snapshot a
 *             {@link CatalogState.Snapshot}
 * </pre>
 *
 * <p>An entry is appended only after the one before it was synced, so a crash can tear the last
 * entry only. Bytes at the end that are no valid entry are such a torn tail; the same with a valid
 * entry anywhere behind them is damage, and the file is refused.
 */
final class LogFile {
  static final int FORMAT_VERSION = 1;
  static final int HEADER_BYTES = 24;
  static final int ENTRY_HEADER_BYTES = 20;
  static final int BODY_BYTES_MAX = 32 * 1024 * 1024;
  private static final int ENTRY_MAGIC = 'B' | 'K' << 8 | 'C' << 16 | 'E' << 24;

  /** What the file is. */
  enum Kind {
    LOG("log", 0x474c5441_43534b42L),
    SNAPSHOT("snapshot", 0x4e535441_43534b42L);

    private final String word;
    private final long magic;

    Kind(String word, long magic) {
      this.word = word;
      this.magic = magic;
    }

    /** Ten digits, so that names sort by generation. */
    String fileName(long generation) {
      return "%s-%010d".formatted(word, generation);
    }

    /** The generation in the name of a file of this kind. */
    Optional<Long> generation(String fileName) {
      String digits = fileName.startsWith(word + "-") ? fileName.substring(word.length() + 1) : "";
      return digits.matches("[0-9]{10}") ? Optional.of(Long.parseLong(digits)) : Optional.empty();
    }
  }

  /** One entry; the body is not copied, nobody changes it. */
  record Entry(long revision, byte[] body) {}

  /**
   * @param tornBytes length of the torn tail behind the last entry, 0 for none
   */
  record Contents(List<Entry> entries, int tornBytes) {}

  private LogFile() {}

  static ByteBuffer header(Kind kind, long generation) {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(kind.magic).putInt(FORMAT_VERSION).putLong(generation);
    return out.putInt(checksum(out.slice(0, HEADER_BYTES - 4))).flip();
  }

  static ByteBuffer entry(Entry entry) {
    int bodyBytes = entry.body.length;
    if (bodyBytes < 1 || bodyBytes > BODY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "an entry of %d bytes at revision %d, allowed are 1 to %d"
              .formatted(bodyBytes, entry.revision, BODY_BYTES_MAX));
    }
    ByteBuffer out =
        ByteBuffer.allocate(ENTRY_HEADER_BYTES + bodyBytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(ENTRY_MAGIC).putInt(bodyBytes).putLong(entry.revision).putInt(0).put(entry.body);
    return out.putInt(16, entryChecksum(out.array(), 0, bodyBytes)).flip();
  }

  /** The whole file of a snapshot. */
  static byte[] snapshot(long generation, Entry state) {
    ByteBuffer entry = entry(state);
    return ByteBuffer.allocate(HEADER_BYTES + entry.remaining())
        .put(header(Kind.SNAPSHOT, generation))
        .put(entry)
        .array();
  }

  /**
   * Checks and takes a file apart.
   *
   * @param where for messages: the file's name and place
   */
  static Contents read(String where, Kind kind, long generation, byte[] file) throws IOException {
    checkHeader(where, kind, generation, file);
    List<Entry> entries = new ArrayList<>();
    int offset = HEADER_BYTES;
    while (offset < file.length) {
      Optional<Entry> entry = entryAt(file, offset);
      if (entry.isEmpty()) {
        refuseDamage(where, file, offset);
        break;
      }
      entries.add(entry.get());
      offset += ENTRY_HEADER_BYTES + entry.get().body.length;
    }
    return new Contents(List.copyOf(entries), file.length - offset);
  }

  /** Whether there is a valid entry anywhere in the bytes, whatever stands around it. */
  static boolean hasEntry(byte[] file) {
    return nextEntry(file, 0).isPresent();
  }

  private static void checkHeader(String where, Kind kind, long generation, byte[] file)
      throws IOException {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length < HEADER_BYTES) {
      throw new DamagedLogException(
          "%s has %d bytes, its header alone has %d".formatted(where, file.length, HEADER_BYTES));
    }
    if (in.getLong(0) != kind.magic || in.getInt(20) != checksum(in.slice(0, HEADER_BYTES - 4))) {
      throw new DamagedLogException(
          "%s does not begin with the header of a catalog %s".formatted(where, kind.word));
    }
    if (in.getInt(8) != FORMAT_VERSION) {
      throw new IOException(
          "%s has format version %d, this release reads %d: start the release that wrote it"
              .formatted(where, in.getInt(8), FORMAT_VERSION));
    }
    if (in.getLong(12) != generation) {
      throw new DamagedLogException(
          "%s says that it is generation %d: it was renamed or copied"
              .formatted(where, in.getLong(12)));
    }
  }

  private static void refuseDamage(String where, byte[] file, int offset) throws IOException {
    Optional<Integer> next = nextEntry(file, offset + 1);
    if (next.isEmpty()) return;
    throw new DamagedLogException(
        "%s is damaged at byte %d: no valid entry there, but one behind it at byte %d, so this is not the end of an interrupted write"
            .formatted(where, offset, next.get()));
  }

  private static Optional<Integer> nextEntry(byte[] file, int from) {
    for (int offset = from; offset <= file.length - ENTRY_HEADER_BYTES; offset++) {
      if (entryAt(file, offset).isPresent()) return Optional.of(offset);
    }
    return Optional.empty();
  }

  private static Optional<Entry> entryAt(byte[] file, int offset) {
    if (file.length - offset < ENTRY_HEADER_BYTES) return Optional.empty();
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int bodyBytes = in.getInt(offset + 4);
    if (in.getInt(offset) != ENTRY_MAGIC
        || bodyBytes < 1
        || bodyBytes > Math.min(BODY_BYTES_MAX, file.length - offset - ENTRY_HEADER_BYTES)
        || in.getInt(offset + 16) != entryChecksum(file, offset, bodyBytes)) {
      return Optional.empty();
    }
    byte[] body = new byte[bodyBytes];
    in.get(offset + ENTRY_HEADER_BYTES, body);
    return Optional.of(new Entry(in.getLong(offset + 8), body));
  }

  private static int entryChecksum(byte[] file, int offset, int bodyBytes) {
    CRC32C crc = new CRC32C();
    crc.update(file, offset, 16);
    crc.update(file, offset + ENTRY_HEADER_BYTES, bodyBytes);
    return (int) crc.getValue();
  }

  private static int checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
