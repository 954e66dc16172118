package io.backstay.diff;

import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;

/**
 * What a wdiff says of a stretch of the volume.
 *
 * @param fromSector where it begins in the record's unpacked payload
 * @param record with its payload, of which this shows all or a piece; without one where the stretch
 *     reads as zeroes
 */
public record Stretch(long offsetSectors, int sectors, int fromSector, DiffRecord record) {
  /** A record that shows all of itself. */
  static Stretch of(DiffRecord record) {
    return new Stretch(record.offsetSectors(), record.sectors(), 0, record);
  }

  public Kind kind() {
    return record.kind();
  }

  /** The first sector behind it. */
  public long endSectors() {
    return offsetSectors + sectors;
  }

  /** Whether the payload is this stretch and nothing else. */
  boolean isWhole() {
    return kind() == Kind.NORMAL && fromSector == 0 && sectors == record.sectors();
  }

  /** The piece of it from one sector of the volume to another. */
  Stretch between(long from, long end) {
    int skipped = (int) (from - offsetSectors);
    int shown = kind() == Kind.NORMAL ? fromSector + skipped : 0;
    return new Stretch(from, (int) (end - from), shown, record);
  }
}
