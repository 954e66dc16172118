package io.backstay.group;

import java.util.Objects;
import java.util.Optional;

/**
 * What {@code up} was asked for beyond the defaults.
 *
 * @param temporal host:port of a Temporal server of one's own, instead of one that the group runs;
 *     it matters only when the group is made
 * @param namespace there
 * @param onlyWhile a process at whose end the group is stopped
 */
public record Wish(
    Optional<String> temporal, Optional<String> namespace, Optional<Long> onlyWhile) {
  public static final Wish DEFAULT = new Wish(Optional.empty(), Optional.empty(), Optional.empty());

  /** The defaults, for a group that shall not outlive this process, however that ends. */
  public static Wish onlyWhileThisProcess(Optional<String> temporal) {
    return new Wish(temporal, Optional.empty(), Optional.of(ProcessHandle.current().pid()));
  }

  public Wish {
    Objects.requireNonNull(temporal, "temporal");
    Objects.requireNonNull(namespace, "namespace");
    Objects.requireNonNull(onlyWhile, "onlyWhile");
  }
}
