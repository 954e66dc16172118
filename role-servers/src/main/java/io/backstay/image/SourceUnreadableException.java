package io.backstay.image;

import java.io.IOException;

/** A place of the source that cannot be read. */
public final class SourceUnreadableException extends IOException {
  private static final long serialVersionUID = 1L;
  private final long offset;

  public SourceUnreadableException(long offset, IOException cause) {
    super("offset %d cannot be read: %s".formatted(offset, cause.getMessage()), cause);
    this.offset = offset;
  }

  /** Byte position on the device. */
  public long offset() {
    return offset;
  }
}
