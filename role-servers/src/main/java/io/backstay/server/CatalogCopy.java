package io.backstay.server;

import io.backstay.seam.Directory;
import io.backstay.wire.Cbor;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The catalog as it was when it was last reached, in the file {@code catalog-copy}: what a server
 * goes on with while the catalog is away (rule K1). Integers are little-endian.
 *
 * <pre>
 *  off  size  field
 *    0     4  magic "BKCC"
 *    4     4  version, 1
 *    8     4  content bytes n, 1 .. 16777216
 *   12     4  CRC32C of bytes 0 .. 11 and the content
 *   16     n  content: CBOR of {confirmed, records}
 * </pre>
 *
 * @param confirmed when the catalog gave these records
 */
record CatalogCopy(Instant confirmed, Reply.CatalogRecords records) {
  static final String FILE = "catalog-copy";
  private static final Logger LOG = LoggerFactory.getLogger(CatalogCopy.class);
  private static final int MAGIC = 'B' | 'K' << 8 | 'C' << 16 | 'C' << 24;
  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 16;
  private static final int CONTENT_BYTES_MAX = 16 << 20;

  CatalogCopy {
    Objects.requireNonNull(confirmed, "confirmed");
    Objects.requireNonNull(records, "records");
  }

  /** The copy in the directory; a damaged one is said in the log and counts as none. */
  static Optional<CatalogCopy> load(Directory directory) throws IOException {
    if (!directory.has(FILE)) return Optional.empty();
    try {
      return Optional.of(decode(directory.read(FILE)));
    } catch (DamagedCopyException e) {
      LOG.warn("{} of {} is not used: {}", FILE, directory.description(), e.getMessage());
      return Optional.empty();
    }
  }

  /** Durable when it returns. */
  void store(Directory directory) throws IOException {
    directory.publish(FILE, encode());
  }

  byte[] encode() {
    byte[] content = Cbor.write(this);
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + content.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(VERSION).putInt(content.length).putInt(0).put(content);
    out.putInt(12, checksum(out));
    return out.array();
  }

  static CatalogCopy decode(byte[] file) throws DamagedCopyException {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length <= HEADER_BYTES || in.getInt(0) != MAGIC) {
      throw new DamagedCopyException("%d bytes that do not begin with BKCC".formatted(file.length));
    }
    if (in.getInt(4) != VERSION) {
      throw new DamagedCopyException("version %d, expected 1".formatted(in.getInt(4)));
    }
    int contentBytes = in.getInt(8);
    if (contentBytes < 1
        || contentBytes > CONTENT_BYTES_MAX
        || contentBytes != file.length - HEADER_BYTES) {
      throw new DamagedCopyException(
          "%d bytes, its header says %d of content".formatted(file.length, contentBytes));
    }
    if (in.getInt(12) != checksum(in)) {
      throw new DamagedCopyException(
          "checksum %08x, its header says %08x".formatted(checksum(in), in.getInt(12)));
    }
    byte[] content = new byte[contentBytes];
    in.get(HEADER_BYTES, content);
    try {
      return Cbor.read(content, CatalogCopy.class);
    } catch (IOException e) {
      throw new DamagedCopyException(e.getMessage());
    }
  }

  private static int checksum(ByteBuffer file) {
    CRC32C crc = new CRC32C();
    crc.update(file.slice(0, 12));
    crc.update(file.slice(HEADER_BYTES, file.capacity() - HEADER_BYTES));
    return (int) crc.getValue();
  }

  /** The file does not hold what was written. */
  static final class DamagedCopyException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedCopyException(String message) {
      super(message);
    }
  }
}
