package io.backstay.model;

import java.time.Instant;
import java.util.Objects;

/**
 * Keeps a point from being deleted, merged or swapped away while somebody needs it (rule X10).
 *
 * @param operation the operation that owns it; also the hold's id
 */
public record Hold(String operation, long gid, Instant expiry) {
  public Hold {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(expiry, "expiry");
  }
}
