package io.backstay.bench;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them. */
final class Quantities {
  static final long MIB = 1L << 20;
  static final long GIB = 1L << 30;
  private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*([KMGT]?)(?:iB|B)?");

  private Quantities() {}

  /**
   * @param text "4GiB", "512M" or bytes; units are powers of 1024
   */
  static long bytes(String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a size: write it as 4GiB, 512MiB or in bytes".formatted(text));
    }
    return Long.parseLong(matcher.group(1))
        << 10 * " KMGT".indexOf((matcher.group(2) + " ").strip());
  }

  static String text(long bytes) {
    if (bytes % GIB == 0) return bytes / GIB + " GiB";
    if (bytes >= GIB) return String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIB);
    return String.format(Locale.ROOT, "%.0f MiB", (double) bytes / MIB);
  }
}
