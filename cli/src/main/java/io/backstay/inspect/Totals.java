package io.backstay.inspect;

import io.backstay.wlog.LogRecord;
import io.backstay.wlog.PackHeader;

/**
 * What a log holds.
 *
 * @param normalBytes of writes, as the volume sees them
 * @param logBytes of whole packs with their headers
 */
public record Totals(
    long packs,
    long normal,
    long normalBytes,
    long discard,
    long discardBytes,
    long padding,
    long paddingBytes,
    long logBytes) {

  static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0);

  Totals plus(PackHeader pack) {
    Totals sum =
        new Totals(
            packs + 1,
            normal,
            normalBytes,
            discard,
            discardBytes,
            padding,
            paddingBytes,
            logBytes + pack.sizeBytes());
    for (LogRecord record : pack.records()) sum = sum.plus(record);
    return sum;
  }

  private Totals plus(LogRecord record) {
    long bytes = record.sizeSectors() * 512;
    return switch (record.kind()) {
      case NORMAL ->
          new Totals(
              packs,
              normal + 1,
              normalBytes + bytes,
              discard,
              discardBytes,
              padding,
              paddingBytes,
              logBytes);
      case DISCARD ->
          new Totals(
              packs,
              normal,
              normalBytes,
              discard + 1,
              discardBytes + bytes,
              padding,
              paddingBytes,
              logBytes);
      case PADDING ->
          new Totals(
              packs,
              normal,
              normalBytes,
              discard,
              discardBytes,
              padding + 1,
              paddingBytes + bytes,
              logBytes);
    };
  }
}
