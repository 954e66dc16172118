package io.backstay.wlog;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * Names one session of a log: 16 raw bytes, drawn anew whenever the log is made or reset (rule M2).
 * As text 32 lower-case hex digits without dashes, as walb writes it.
 *
 * @param high the first 8 bytes, big-endian
 * @param low the last 8 bytes, big-endian
 */
public record SessionUuid(long high, long low) {
  public static final int SIZE_BYTES = 16;

  /** Reads 16 bytes at an absolute index. */
  public static SessionUuid read(ByteBuffer bytes, int at) {
    long high = 0;
    long low = 0;
    for (int i = 0; i < 8; i++) {
      high = high << 8 | (bytes.get(at + i) & 0xff);
      low = low << 8 | (bytes.get(at + 8 + i) & 0xff);
    }
    return new SessionUuid(high, low);
  }

  /** Writes 16 bytes at an absolute index. */
  public void write(ByteBuffer bytes, int at) {
    for (int i = 0; i < 8; i++) {
      bytes.put(at + i, (byte) (high >>> 56 - 8 * i));
      bytes.put(at + 8 + i, (byte) (low >>> 56 - 8 * i));
    }
  }

  /**
   * @throws IllegalArgumentException if the text is not 32 hex digits
   */
  @JsonCreator
  public static SessionUuid parse(String text) {
    if (text.length() != 2 * SIZE_BYTES) {
      throw new IllegalArgumentException(
          "a session uuid has %d hex digits, not \"%s\"".formatted(2 * SIZE_BYTES, text));
    }
    return new SessionUuid(
        HexFormat.fromHexDigitsToLong(text, 0, 16), HexFormat.fromHexDigitsToLong(text, 16, 32));
  }

  @Override
  @JsonValue
  public String toString() {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }
}
