package io.backstay.archive;

import java.io.IOException;

/** An entry of a sidecar that is not as it was written. */
final class SidecarDamagedException extends IOException {
  private static final long serialVersionUID = 1L;

  SidecarDamagedException(String message) {
    super(message);
  }
}
