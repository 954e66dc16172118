package io.backstay.inspect;

import io.backstay.diff.Stretch;

/**
 * What a wdiff holds.
 *
 * @param normalBytes of data, as the volume sees them
 * @param dataBytes of the payloads as stored; in an index once for each record that shows one
 * @param endSector the first sector behind the last record: no smaller volume has this wdiff
 */
public record DiffTotals(
    long normal,
    long normalBytes,
    long allzero,
    long allzeroBytes,
    long discard,
    long discardBytes,
    long dataBytes,
    long endSector) {
  static final DiffTotals NONE = new DiffTotals(0, 0, 0, 0, 0, 0, 0, 0);

  DiffTotals plus(Stretch stretch) {
    long bytes = 512L * stretch.sectors();
    long end = stretch.endSectors();
    long data = dataBytes + stretch.record().dataBytes();
    return switch (stretch.kind()) {
      case NORMAL ->
          new DiffTotals(
              normal + 1,
              normalBytes + bytes,
              allzero,
              allzeroBytes,
              discard,
              discardBytes,
              data,
              end);
      case ALLZERO ->
          new DiffTotals(
              normal,
              normalBytes,
              allzero + 1,
              allzeroBytes + bytes,
              discard,
              discardBytes,
              data,
              end);
      case DISCARD ->
          new DiffTotals(
              normal,
              normalBytes,
              allzero,
              allzeroBytes,
              discard + 1,
              discardBytes + bytes,
              data,
              end);
    };
  }
}
