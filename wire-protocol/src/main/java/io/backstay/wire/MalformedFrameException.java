package io.backstay.wire;

import java.io.IOException;

/**
 * Bytes that are not a frame of ours, or whose checksum is wrong: the connection that brought them
 * is closed (rule K7).
 */
public final class MalformedFrameException extends IOException {
  private static final long serialVersionUID = 1L;

  public MalformedFrameException(String message) {
    super(message);
  }

  public MalformedFrameException(String message, Throwable cause) {
    super(message, cause);
  }
}
