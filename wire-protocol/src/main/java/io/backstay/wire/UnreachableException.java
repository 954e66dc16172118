package io.backstay.wire;

import java.io.IOException;

/**
 * A server could not be reached, or the connection was lost before its reply. The message names
 * server, address and cause.
 */
public final class UnreachableException extends IOException {
  private static final long serialVersionUID = 1L;

  public UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
