package io.backstay.archive;

import java.io.IOException;

/** Bytes of an image that are not what their evidence says. */
final class CorruptImageException extends IOException {
  private static final long serialVersionUID = 1L;
  private final long offset;

  CorruptImageException(long offset, String how) {
    super("the image is damaged at offset %d: %s".formatted(offset, how));
    this.offset = offset;
  }

  /** First byte of the damaged range or block. */
  long offset() {
    return offset;
  }
}
