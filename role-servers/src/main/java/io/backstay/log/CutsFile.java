package io.backstay.log;

import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import io.backstay.wire.Cbor;
import io.backstay.wire.MalformedFrameException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code cuts} in a volume's directory: its sessions and cuts, one entry behind the other.
 * Integers are little-endian.
 *
 * <pre>
 *  off  size  header
 *    0     8  magic "BKSTCUTS"
 *    8     4  format version, 1
 *   12     4  CRC32C of bytes 0 .. 11
 *
 *  off  size  entry; the first at 16, each behind the one before
 *    0     4  magic "BKCU"
 *    4     4  body bytes n, 1 .. 65536
 *    8     4  CRC32C of bytes 0 .. 7 and the body
 *   12     n  body, CBOR: a {@link CutsEntry}
 * </pre>
 *
 * <p>An entry is appended after those before it were synced, so a crash can tear the last one only:
 * bytes there that are no valid entry are cut off, nobody was told of them. The same with a valid
 * entry behind them is damage, and the file is refused. What belongs together is therefore one
 * entry: of two in one write the second alone may survive a loss of power.
 *
 * <p>A process begins with publishing the whole file anew ({@link #publish}), because it does not
 * know whether a sync of the one before failed. The same after a failure of its own: the file is
 * given up, and what it held beyond what is known to be durable was told to nobody.
 *
 * <p>One thread at a time.
 */
final class CutsFile {
  private static final Logger LOG = LoggerFactory.getLogger(CutsFile.class);

  static final String NAME = "cuts";
  static final int HEADER_BYTES = 16;
  static final int ENTRY_HEADER_BYTES = 12;
  private static final int VERSION = 1;
  private static final long MAGIC = 0x53545543_54534b42L;
  private static final int ENTRY_MAGIC = 'B' | 'K' << 8 | 'C' << 16 | 'U' << 24;
  private static final int BODY_BYTES_MAX = 65536;

  /** What the file may grow by before it is published without what nobody needs. */
  private static final int GROWTH_BYTES_MAX = 1 << 20;

  private final Directory directory;
  private Optional<AppendFile> file = Optional.empty();
  private long publishedBytes;
  private long sizeBytes;

  CutsFile(Directory directory) {
    this.directory = directory;
  }

  // ---- reading

  /** What is durable, in order. Nothing is changed. */
  List<CutsEntry> read() throws IOException {
    if (!directory.has(NAME)) throw damaged("it is missing");
    byte[] bytes = directory.read(NAME);
    checkHeader(bytes);
    List<CutsEntry> entries = new ArrayList<>();
    int at = HEADER_BYTES;
    while (at < bytes.length) {
      Optional<byte[]> body = bodyAt(bytes, at);
      if (body.isEmpty()) {
        refuseDamage(bytes, at);
        LOG.warn(
            "cut off {} bytes at the end of {} in {}: an interrupted write, which nobody was told of",
            bytes.length - at,
            NAME,
            directory.description());
        break;
      }
      entries.add(entry(body.get(), at));
      at += ENTRY_HEADER_BYTES + body.get().length;
    }
    return entries;
  }

  private void checkHeader(byte[] bytes) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < HEADER_BYTES
        || in.getLong(0) != MAGIC
        || in.getInt(12) != checksum(in.slice(0, 12)))
      throw damaged("its header is not one of a file of cuts");
    if (in.getInt(8) != VERSION)
      throw damaged(
          "its format version is %d, this release reads %d".formatted(in.getInt(8), VERSION));
  }

  private CutsEntry entry(byte[] body, int at) throws IOException {
    try {
      return Cbor.read(body, CutsEntry.class);
    } catch (MalformedFrameException e) {
      throw damaged(
          "the entry at byte %d has the right checksum, but %s".formatted(at, e.getMessage()));
    }
  }

  private void refuseDamage(byte[] bytes, int at) throws IOException {
    for (int next = at + 1; next <= bytes.length - ENTRY_HEADER_BYTES; next++) {
      if (bodyAt(bytes, next).isPresent()) {
        throw damaged(
            "no valid entry stands at byte %d, but one behind it at byte %d, so this is not the end of an interrupted write"
                .formatted(at, next));
      }
    }
  }

  private static Optional<byte[]> bodyAt(byte[] bytes, int at) {
    if (bytes.length - at < ENTRY_HEADER_BYTES) return Optional.empty();
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int length = in.getInt(at + 4);
    if (in.getInt(at) != ENTRY_MAGIC
        || length < 1
        || length > Math.min(BODY_BYTES_MAX, bytes.length - at - ENTRY_HEADER_BYTES))
      return Optional.empty();
    byte[] body = new byte[length];
    in.get(at + ENTRY_HEADER_BYTES, body);
    return in.getInt(at + 8) == checksum(in.slice(at, 8), ByteBuffer.wrap(body))
        ? Optional.of(body)
        : Optional.empty();
  }

  private IOException damaged(String found) {
    return new IOException(
        "%s in %s: %s. Nothing was changed; put back an intact copy of it, or clear the volume and add it again"
            .formatted(NAME, directory.description(), found));
  }

  // ---- writing

  /** Replaces the file by one with these entries; durable when it returns. */
  void publish(List<CutsEntry> entries) throws IOException {
    giveUp();
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(header());
    whole.writeBytes(bytes(entries));
    directory.publish(NAME, whole.toByteArray());
    file = Optional.of(directory.append(NAME));
    publishedBytes = whole.size();
    sizeBytes = whole.size();
  }

  /** Whether the next entries are to go into a new file. */
  boolean wantsPublishing() {
    return file.isEmpty()
        || sizeBytes - publishedBytes > Math.max(GROWTH_BYTES_MAX, publishedBytes);
  }

  /** Durable when it returns; after a failure the file wants publishing. */
  void append(CutsEntry entry) throws IOException {
    AppendFile open =
        file.orElseThrow(() -> new IllegalStateException("append to a file that was given up"));
    byte[] bytes = bytes(List.of(entry));
    boolean durable = false;
    try {
      open.append(ByteBuffer.wrap(bytes));
      open.sync();
      sizeBytes += bytes.length;
      durable = true;
    } finally {
      if (!durable) giveUp();
    }
  }

  void giveUp() {
    Optional<AppendFile> old = file;
    file = Optional.empty();
    try {
      if (old.isPresent()) old.get().close();
    } catch (IOException e) {
      LOG.warn(
          "closing {} in {} failed, it is not used any more", NAME, directory.description(), e);
    }
  }

  private static byte[] header() {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION);
    return out.putInt(checksum(out.slice(0, 12))).array();
  }

  private static byte[] bytes(List<CutsEntry> entries) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (CutsEntry entry : entries) {
      byte[] body = Cbor.write(entry);
      ByteBuffer head = ByteBuffer.allocate(ENTRY_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      head.putInt(ENTRY_MAGIC).putInt(body.length);
      head.putInt(checksum(head.slice(0, 8), ByteBuffer.wrap(body)));
      all.writeBytes(head.array());
      all.writeBytes(body);
    }
    return all.toByteArray();
  }

  private static int checksum(ByteBuffer... parts) {
    CRC32C crc = new CRC32C();
    for (ByteBuffer part : parts) crc.update(part);
    return (int) crc.getValue();
  }
}
