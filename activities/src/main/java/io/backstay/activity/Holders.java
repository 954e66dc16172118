package io.backstay.activity;

import io.backstay.model.Reservation;

/** Who knows whether the holder of a volume still works (rule K2). */
public interface Holders {
  /**
   * Whether the latest run under the holder's workflow id is open and stems from the holder's
   * original run. True when nobody can tell.
   */
  boolean isOpen(Reservation holder);
}
