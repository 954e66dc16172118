package io.backstay.diff;

import java.io.IOException;

/** A wdiff at rest that is not what was stored. The message says where, found and expected. */
public final class CorruptDiffException extends IOException {
  private static final long serialVersionUID = 1L;

  public CorruptDiffException(String message) {
    super(message);
  }
}
