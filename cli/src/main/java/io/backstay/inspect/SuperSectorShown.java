package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import io.backstay.wlog.SuperSectors;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A super sector of a log device.
 *
 * @param place {@code first} or {@code second}
 * @param salt 8 hex digits
 * @param ringBufferSize physical blocks
 * @param deviceSize of the volume, sectors of 512 bytes
 */
public record SuperSectorShown(
    String place,
    @JsonProperty("physical_bs") int physicalBs,
    @JsonProperty("metadata_size") int metadataSize,
    @JsonProperty("log_checksum_salt") String salt,
    SessionUuid uuid,
    String name,
    @JsonProperty("ring_buffer_size") long ringBufferSize,
    @JsonProperty("oldest_lsid") long oldestLsid,
    @JsonProperty("written_lsid") long writtenLsid,
    @JsonProperty("device_size") long deviceSize) {

  static SuperSectorShown of(SuperSectors.Place place, SuperSector sector) {
    return new SuperSectorShown(
        place.name().toLowerCase(Locale.ROOT),
        sector.blockBytes(),
        sector.metadataBlocks(),
        HexFormat.of().toHexDigits(sector.salt()),
        sector.uuid(),
        sector.name(),
        sector.ringBlocks(),
        sector.oldestLsid(),
        sector.writtenLsid(),
        sector.volumeSectors());
  }

  @Override
  public String toString() {
    return """
    super sector, %s place: name "%s", uuid %s
      oldest_lsid %d, written_lsid %d, ring_buffer_size %d, device_size %d
      physical_bs %d, metadata_size %d, log_checksum_salt %s\
    """
        .formatted(
            place,
            name,
            uuid,
            oldestLsid,
            writtenLsid,
            ringBufferSize,
            deviceSize,
            physicalBs,
            metadataSize,
            salt);
  }
}
