package io.backstay.cli;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes on the command line: 10G and 10GiB are 10 x 2^30 bytes, 10GB is 10 x 10^9. */
final class Sizes implements ITypeConverter<Long> {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})\\s*([A-Za-z]*)");
  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("", 1L),
          Map.entry("b", 1L),
          Map.entry("k", 1L << 10),
          Map.entry("kib", 1L << 10),
          Map.entry("m", 1L << 20),
          Map.entry("mib", 1L << 20),
          Map.entry("g", 1L << 30),
          Map.entry("gib", 1L << 30),
          Map.entry("t", 1L << 40),
          Map.entry("tib", 1L << 40),
          Map.entry("kb", 1_000L),
          Map.entry("mb", 1_000_000L),
          Map.entry("gb", 1_000_000_000L),
          Map.entry("tb", 1_000_000_000_000L));

  @Override
  public Long convert(String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    Long unit = matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
    try {
      long bytes = unit == null ? 0 : Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
      if (bytes > 0) return bytes;
    } catch (ArithmeticException e) {
      throw notASize(text);
    }
    throw notASize(text);
  }

  private static TypeConversionException notASize(String text) {
    return new TypeConversionException(
        "'%s' is not a size: write it as 10G, 512MiB or in bytes, above 0".formatted(text));
  }
}
