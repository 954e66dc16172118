package io.backstay.seam;

import java.io.IOException;

/**
 * The disk is full, or its quota used up: waiting or trying again does not help before somebody
 * makes room. What was attempted may have been done in part.
 */
public final class NoSpaceException extends IOException {
  private static final long serialVersionUID = 1L;

  public NoSpaceException(String message) {
    super(message);
  }

  public NoSpaceException(String message, Throwable cause) {
    super(message, cause);
  }
}
