package io.backstay.cli;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Sizes, rates and times as people write and read them. */
final class Quantity {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private Quantity() {}

  /** "256.0 MiB". */
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }

  static String rate(double bytesPerSecond) {
    return bytes(Math.round(bytesPerSecond)) + "/s";
  }

  /** UTC, to the second. */
  static String time(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /**
   * A moment: "2026-11-21T08:00:00Z", "2026-11-21T17:00+09:00", without a zone "2026-11-21 08:00"
   * or "2026-11-21" (midnight) in that of this machine, or "now".
   *
   * @throws IllegalArgumentException that says what is allowed
   */
  static Instant moment(String text, ZoneId zone, Instant now) {
    String written = text.strip();
    if (written.equalsIgnoreCase("now")) return now;
    String iso = written.replaceFirst(" +", "T");
    try {
      return OffsetDateTime.parse(iso).toInstant();
    } catch (DateTimeParseException noZone) {
      return local(iso, text, zone);
    }
  }

  private static Instant local(String iso, String text, ZoneId zone) {
    try {
      return iso.contains("T")
          ? LocalDateTime.parse(iso).atZone(zone).toInstant()
          : LocalDate.parse(iso).atStartOfDay(zone).toInstant();
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "'%s' is not a time: write it as 2026-11-21T08:00:00Z, or as 2026-11-21 08:00 for the time of this machine"
              .formatted(text),
          e);
    }
  }
}
