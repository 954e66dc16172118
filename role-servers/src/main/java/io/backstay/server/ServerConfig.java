package io.backstay.server;

import io.backstay.model.Names;
import io.backstay.model.Role;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Configuration of one server process: the JSON file of {@code backstay server run --config FILE}.
 * Paths are absolute.
 *
 * @param listen host:port for other servers
 * @param metricsListen host:port for /metrics, /health and /ready; empty for none
 * @param catalog host:port of the catalog
 * @param directory where the server keeps what must be durable
 * @param certificateFile PEM, chain of this server
 * @param keyFile PEM, PKCS#8, mode 0600
 * @param caFile PEM of the group's CA
 * @param restoreRoots directories below which a restore without grant may make new files (rule K5)
 * @param temporal of a worker only
 * @param nbdListen of a storage or archive: host:port where it serves its volumes or exports over
 *     NBD, beside a Unix socket for each; plain on loopback, else with TLS only. Empty for none
 */
public record ServerConfig(
    String group,
    String name,
    Role role,
    String node,
    String listen,
    Optional<String> metricsListen,
    String catalog,
    String directory,
    String certificateFile,
    String keyFile,
    String caFile,
    List<String> restoreRoots,
    Optional<Temporal> temporal,
    Transfers transfers,
    Optional<String> nbdListen) {

  /** Where the workflows run. */
  public record Temporal(String address, String namespace, String uiUrl) {}

  /**
   * Bounds of memory and of lost work.
   *
   * @param buffers 1 MiB buffers that all image transfers of this process share
   * @param durableEveryBytes a receiver makes its progress durable after so many bytes
   * @param durableEveryMillis or after so much time, whichever comes first
   * @param compressors threads that compress a diff at a proxy, some 3 MiB each; null for one for
   *     each processor, at most 4
   */
  public record Transfers(
      int buffers, long durableEveryBytes, long durableEveryMillis, Integer compressors) {
    private static final int COMPRESSORS_MAX = 16;
    private static final int COMPRESSORS = Math.min(4, Runtime.getRuntime().availableProcessors());

    public static final Transfers DEFAULT = new Transfers(24, 256L << 20, 500, COMPRESSORS);

    public Transfers {
      compressors = compressors == null ? Integer.valueOf(COMPRESSORS) : compressors;
      if (compressors < 1 || compressors > COMPRESSORS_MAX)
        throw new IllegalArgumentException(
            "1 to %d compressors, not %d".formatted(COMPRESSORS_MAX, compressors));
      if (buffers < 4 || durableEveryBytes < 1 << 20 || durableEveryMillis < 1) {
        throw new IllegalArgumentException(
            "transfers need at least 4 buffers, 1 MiB and 1 ms: %d, %d, %d"
                .formatted(buffers, durableEveryBytes, durableEveryMillis));
      }
    }
  }

  public ServerConfig {
    Names.require("group", group);
    Names.require("server", name);
    Objects.requireNonNull(role, "role");
    Names.require("node", node);
    Objects.requireNonNull(listen, "listen");
    Objects.requireNonNull(directory, "directory");
    metricsListen = metricsListen == null ? Optional.empty() : metricsListen;
    restoreRoots = restoreRoots == null ? List.of() : List.copyOf(restoreRoots);
    temporal = temporal == null ? Optional.empty() : temporal;
    transfers = transfers == null ? Transfers.DEFAULT : transfers;
    nbdListen = nbdListen == null ? Optional.empty() : nbdListen;
  }
}
