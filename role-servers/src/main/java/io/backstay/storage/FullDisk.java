package io.backstay.storage;

import io.backstay.seam.NoSpaceException;
import java.util.stream.Stream;

/** Whether something failed because there was no room for it: then it comes back with room. */
final class FullDisk {
  private static final int CAUSES_MAX = 20;

  private FullDisk() {}

  static boolean isCauseOf(Throwable failure) {
    return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
        .limit(CAUSES_MAX)
        .anyMatch(NoSpaceException.class::isInstance);
  }
}
