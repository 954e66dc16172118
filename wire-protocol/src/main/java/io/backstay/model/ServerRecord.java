package io.backstay.model;

import java.util.Objects;

/**
 * A server of the group as the catalog knows it: one process with one role on one node (rule K1).
 *
 * @param address host:port of the data and command port
 * @param metricsAddress host:port of /metrics, /health and /ready
 */
public record ServerRecord(
    String name, Role role, String node, String address, String metricsAddress) {
  public ServerRecord {
    Names.require("server", name);
    Objects.requireNonNull(role, "role");
    Names.require("node", node);
    Objects.requireNonNull(address, "address");
    metricsAddress = Objects.requireNonNullElse(metricsAddress, "");
  }
}
