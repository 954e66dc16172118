package io.backstay.catalog;

import java.io.IOException;

/**
 * The catalog's files are not what an interrupted write can leave behind: the catalog refuses to
 * start and changes nothing.
 */
final class DamagedLogException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final String NEXT =
      "; nothing was changed; keep the directory as it is and put back an intact copy of it";

  DamagedLogException(String found) {
    super(found + NEXT);
  }

  DamagedLogException(String found, Throwable cause) {
    super(found + NEXT, cause);
  }
}
