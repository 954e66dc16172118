package io.backstay.log;

import java.io.IOException;

/**
 * Acknowledged writes may be lost, and nobody accepted that: a volume is served again when somebody
 * did, or when what is missing is brought back (rules L2, M1).
 */
public abstract sealed class LossNotAcceptedException extends IOException
    permits TailMissingException, TailDamagedException, LogTooShortException {
  private static final long serialVersionUID = 1;

  LossNotAcceptedException(String message) {
    super(message);
  }
}
