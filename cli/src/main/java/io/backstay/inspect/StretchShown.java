package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.diff.Stretch;
import io.backstay.wdiff.DiffRecord;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A record of a wdiff.
 *
 * @param ioAddress sectors of 512 bytes, on the volume
 * @param ioBlocks sectors of 512 bytes
 * @param kind {@code normal}, {@code allzero} or {@code discard}
 * @param compressionType word of the payload's compression
 * @param dataSize stored bytes of the payload
 * @param ioOffset sector of the unpacked payload at which the record begins; above 0 in an index
 *     only
 * @param origBlocks sectors of the unpacked payload; more than ioBlocks in an index only
 * @param checksum 8 hex digits
 */
public record StretchShown(
    @JsonProperty("io_address") long ioAddress,
    @JsonProperty("io_blocks") int ioBlocks,
    String kind,
    int flags,
    @JsonProperty("compression_type") String compressionType,
    @JsonProperty("data_size") int dataSize,
    @JsonProperty("io_offset") int ioOffset,
    @JsonProperty("orig_blocks") int origBlocks,
    String checksum) {

  static StretchShown of(Stretch stretch) {
    DiffRecord record = stretch.record();
    return new StretchShown(
        stretch.offsetSectors(),
        stretch.sectors(),
        stretch.kind().name().toLowerCase(Locale.ROOT),
        stretch.kind().flags(),
        record.compression().word(),
        record.dataBytes(),
        stretch.fromSector(),
        record.rawBytes() / 512,
        HexFormat.of().toHexDigits(record.checksum()));
  }

  /** Told of each record, in the order of the addresses. */
  @FunctionalInterface
  public interface Sink {
    void record(StretchShown record);
  }

  @Override
  public String toString() {
    String data =
        dataSize == 0
            ? ""
            : "  %s  data_size %d  io_offset %d  orig_blocks %d  checksum %s"
                .formatted(compressionType, dataSize, ioOffset, origBlocks, checksum);
    return "%-8s io_address %d  io_blocks %d%s".formatted(kind, ioAddress, ioBlocks, data);
  }
}
