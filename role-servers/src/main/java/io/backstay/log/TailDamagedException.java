package io.backstay.log;

import io.backstay.seam.SharedMemory;

/** The tail of a dead process cannot be used: writes that were acknowledged may be lost. */
public final class TailDamagedException extends LossNotAcceptedException {
  private static final long serialVersionUID = 1;

  TailDamagedException(SharedMemory memory, String how) {
    super("the tail %s cannot be used: %s".formatted(memory, how));
  }
}
