package io.backstay.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Some bytes as a value: never changed, equal by content. A byte string in CBOR, base64 in JSON.
 */
public final class Bytes {
  private final byte[] content;

  private Bytes(byte[] content) {
    this.content = content;
  }

  @JsonCreator
  public static Bytes of(byte[] content) {
    return new Bytes(content.clone());
  }

  @JsonValue
  public byte[] toArray() {
    return content.clone();
  }

  public int size() {
    return content.length;
  }

  /** For readers of fields: nothing is copied, and nothing can be changed through it. */
  public ByteBuffer view() {
    return ByteBuffer.wrap(content).asReadOnlyBuffer();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && Arrays.equals(content, that.content);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(content);
  }

  /** Lower-case hex. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(content);
  }
}
