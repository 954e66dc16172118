package io.backstay.diff;

import java.io.IOException;

/** A diff of a volume that is larger than the image. The message says both. */
public final class DiffBeyondImageException extends IOException {
  private static final long serialVersionUID = 1L;

  public DiffBeyondImageException(String message) {
    super(message);
  }
}
