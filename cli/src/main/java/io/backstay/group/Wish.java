package io.backstay.group;

import java.util.Objects;
import java.util.Optional;

/**
 * What {@code up} was asked for beyond the defaults; it matters only when the group is made.
 *
 * @param temporal host:port of a Temporal server of one's own, instead of one that the group runs
 * @param namespace there
 */
public record Wish(Optional<String> temporal, Optional<String> namespace) {
  public static final Wish DEFAULT = new Wish(Optional.empty(), Optional.empty());

  public Wish {
    Objects.requireNonNull(temporal, "temporal");
    Objects.requireNonNull(namespace, "namespace");
  }
}
