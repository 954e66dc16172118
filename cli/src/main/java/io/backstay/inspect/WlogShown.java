package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WlogHeader;
import io.backstay.wlog.WlogItem;
import java.util.HexFormat;
import java.util.Locale;

/**
 * One wlog of a file.
 *
 * @param offsetBytes where it begins in the file
 * @param salt 8 hex digits
 * @param endLsid as its header says; null if it is not known there
 * @param reachedLsid where its last pack ended; null if it broke off
 * @param endedBy {@code end-block}, {@code end-of-stream}, {@code next-wlog}; null if it broke off
 */
public record WlogShown(
    long offsetBytes,
    @JsonProperty("log_checksum_salt") String salt,
    @JsonProperty("physical_bs") int physicalBs,
    SessionUuid uuid,
    @JsonProperty("begin_lsid") long beginLsid,
    @JsonProperty("end_lsid") Long endLsid,
    Long reachedLsid,
    String endedBy) {

  static WlogShown of(WlogItem.Begin begin) {
    WlogHeader header = begin.header();
    return new WlogShown(
        begin.offsetBytes(),
        HexFormat.of().toHexDigits(header.salt()),
        header.blockBytes(),
        header.uuid(),
        header.beginLsid(),
        header.endLsid().isPresent() ? header.endLsid().getAsLong() : null,
        null,
        null);
  }

  WlogShown ended(WlogItem.End end) {
    String by = end.by().name().toLowerCase(Locale.ROOT).replace('_', '-');
    return new WlogShown(offsetBytes, salt, physicalBs, uuid, beginLsid, endLsid, end.lsid(), by);
  }

  @Override
  public String toString() {
    String end = endLsid == null ? "unknown" : endLsid.toString();
    String how =
        endedBy == null ? "broken off" : "ended by %s at lsid %d".formatted(endedBy, reachedLsid);
    return "wlog at byte %d: begin_lsid %d, end_lsid %s, %s%n  uuid %s, physical_bs %d, log_checksum_salt %s"
        .formatted(offsetBytes, beginLsid, end, how, uuid, physicalBs, salt);
  }
}
