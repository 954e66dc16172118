package io.backstay.workflow;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A rate as people write it: "100MiB/s", "20MB/s", "1048576" (bytes per second). */
public final class Rate {
  private static final Pattern RATE =
      Pattern.compile("(\\d{1,15})(?:\\s?([KMGT]i?)?B?(?:/s)?)?", Pattern.CASE_INSENSITIVE);
  private static final Map<String, Long> UNITS =
      Map.of(
          "",
          1L,
          "k",
          1000L,
          "ki",
          1L << 10,
          "m",
          1000_000L,
          "mi",
          1L << 20,
          "g",
          1000_000_000L,
          "gi",
          1L << 30,
          "t",
          1000_000_000_000L,
          "ti",
          1L << 40);

  private Rate() {}

  /**
   * Bytes per second; 0, which means no limit, for null.
   *
   * @throws IllegalArgumentException when the text is not a rate above 0
   */
  public static long bytesPerSecond(String text) {
    if (text == null) return 0;
    Matcher matcher = RATE.matcher(text.strip());
    if (!matcher.matches()) throw notARate(text);
    String unit = matcher.group(2) == null ? "" : matcher.group(2).toLowerCase(Locale.ROOT);
    try {
      long bytes = Math.multiplyExact(Long.parseLong(matcher.group(1)), UNITS.get(unit));
      if (bytes > 0) return bytes;
    } catch (ArithmeticException e) {
      throw notARate(text);
    }
    throw notARate(text);
  }

  private static IllegalArgumentException notARate(String text) {
    return new IllegalArgumentException(
        "'%s' is not a rate limit: write it as 100MiB/s, 20MB/s or in bytes per second, above 0"
            .formatted(text));
  }
}
