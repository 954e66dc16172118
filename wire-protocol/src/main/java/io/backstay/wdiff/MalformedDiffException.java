package io.backstay.wdiff;

import java.io.IOException;

/**
 * Bytes that should be of a wdiff and are not. The message says where, what was found and what was
 * expected.
 */
public final class MalformedDiffException extends IOException {
  private static final long serialVersionUID = 1L;

  public MalformedDiffException(String message) {
    super(message);
  }
}
