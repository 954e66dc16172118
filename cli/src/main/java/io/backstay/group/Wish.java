package io.backstay.group;

import io.backstay.model.Role;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code up} was asked for beyond the defaults.
 *
 * @param temporal host:port of a Temporal server of one's own, instead of one that the group runs;
 *     it matters only when the group is made
 * @param namespace there
 * @param onlyWhile a process at whose end the group is stopped
 * @param servers how many storages, proxies and archives; where nothing is said one, or as many as
 *     the group has
 */
public record Wish(
    Optional<String> temporal,
    Optional<String> namespace,
    Optional<Long> onlyWhile,
    Map<Role, Integer> servers) {
  public static final Wish DEFAULT = new Wish(Optional.empty(), Optional.empty(), Optional.empty());
  private static final Set<Role> SEVERAL = Set.of(Role.STORAGE, Role.PROXY, Role.ARCHIVE);

  /** One machine has no use for more. */
  private static final int SERVERS_MAX = 9;

  public Wish(Optional<String> temporal, Optional<String> namespace, Optional<Long> onlyWhile) {
    this(temporal, namespace, onlyWhile, Map.of());
  }

  /** The defaults, for a group that shall not outlive this process, however that ends. */
  public static Wish onlyWhileThisProcess(Optional<String> temporal) {
    return new Wish(temporal, Optional.empty(), Optional.of(ProcessHandle.current().pid()));
  }

  public Wish {
    Objects.requireNonNull(temporal, "temporal");
    Objects.requireNonNull(namespace, "namespace");
    Objects.requireNonNull(onlyWhile, "onlyWhile");
    servers = Map.copyOf(servers);
    servers.forEach((role, number) -> {
      if (!SEVERAL.contains(role) || number < 1 || number > SERVERS_MAX)
        throw new IllegalArgumentException(
            "a group on one machine has 1 to %d servers of role %s, not %d"
                .formatted(SEVERAL.contains(role) ? SERVERS_MAX : 1, role.word(), number));
    });
  }
}
