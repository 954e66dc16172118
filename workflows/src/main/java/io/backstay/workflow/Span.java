package io.backstay.workflow;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/** A duration as people write it: "90s", "15m", "2h", "1d", "1h30m", or ISO-8601 "PT1H30M". */
public final class Span {
  private Span() {}

  /**
   * @throws IllegalArgumentException when the text is not a duration, or a negative one
   */
  public static Duration parse(String text) {
    String upper = text.strip().toUpperCase(Locale.ROOT);
    try {
      Duration span = Duration.parse(upper.startsWith("P") ? upper : iso(upper));
      if (!span.isNegative()) return span;
    } catch (DateTimeParseException e) {
      throw notASpan(text);
    }
    throw notASpan(text);
  }

  private static String iso(String upper) {
    int days = upper.indexOf('D');
    if (days < 0) return "PT" + upper;
    String rest = upper.substring(days + 1);
    return "P" + upper.substring(0, days + 1) + (rest.isEmpty() ? "" : "T" + rest);
  }

  private static IllegalArgumentException notASpan(String text) {
    return new IllegalArgumentException(
        "'%s' is not a duration: write it as 90s, 15m, 2h, 1d or PT1H30M".formatted(text));
  }
}
