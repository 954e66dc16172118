package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.PackHeader;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A record of a pack.
 *
 * @param kind {@code normal}, {@code padding} or {@code discard}
 * @param checksum 8 hex digits
 * @param offset sectors of 512 bytes, on the volume
 * @param ioSize sectors of 512 bytes
 */
public record RecordShown(
    String kind,
    int flags,
    String checksum,
    long offset,
    @JsonProperty("io_size") long ioSize,
    @JsonProperty("lsid_local") int lsidLocal,
    long lsid) {

  static RecordShown of(PackHeader pack, LogRecord record) {
    return new RecordShown(
        record.kind().name().toLowerCase(Locale.ROOT),
        record.kind().flags(),
        HexFormat.of().toHexDigits(record.checksum()),
        record.offsetSectors(),
        record.sizeSectors(),
        record.lsidLocal(),
        pack.lsidOf(record));
  }

  @Override
  public String toString() {
    return "  %-8s lsid %d  lsid_local %d  offset %d  io_size %d  checksum %s"
        .formatted(kind, lsid, lsidLocal, offset, ioSize, checksum);
  }
}
