package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.Objects;

/**
 * How the records of a wdiff are compressed: as text {@code snappy} or {@code zstd:3}, walb's
 * words.
 *
 * @param level 0 for the codec's own default
 */
public record Compression(Type type, int level) {
  public static final Compression NONE = new Compression(Type.NONE, 0);
  public static final Compression DEFAULT = new Compression(Type.SNAPPY, 0);
  private static final int LEVEL_MAX = 9;

  /** The number of each is its number in walb's formats. */
  public enum Type {
    NONE,
    /** Despite its name a zlib stream. */
    GZIP,
    SNAPPY,
    /** An xz container. */
    LZMA,
    LZ4,
    ZSTD;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Compression {
    Objects.requireNonNull(type, "type");
    if (level < 0 || level > LEVEL_MAX)
      throw new IllegalArgumentException(
          "a compression level is 0 to %d, not %d".formatted(LEVEL_MAX, level));
  }

  /**
   * @throws IllegalArgumentException that names what is possible
   */
  @JsonCreator
  public static Compression parse(String text) {
    String[] parts = text.split(":", -1);
    try {
      if (parts.length > 2) throw new IllegalArgumentException(text);
      Type type = Type.valueOf(parts[0].toUpperCase(Locale.ROOT));
      return new Compression(type, parts.length == 1 ? 0 : Integer.parseInt(parts[1]));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'%s' is no compression: none, gzip, snappy, lzma, lz4 or zstd, with a level of 0 to %d behind a colon if wanted, as in zstd:3"
              .formatted(text, LEVEL_MAX),
          e);
    }
  }

  @Override
  @JsonValue
  public String toString() {
    return level == 0 ? type.word() : type.word() + ":" + level;
  }
}
