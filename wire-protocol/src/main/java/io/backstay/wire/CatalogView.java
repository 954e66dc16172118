package io.backstay.wire;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The catalog as somebody has it.
 *
 * @param confirmed when the catalog itself gave these records; in the past when they come from the
 *     last durable copy
 * @param signed the signed records by volume, to be handed to servers as they are
 */
public record CatalogView(
    long revision,
    String group,
    Instant confirmed,
    List<ServerRecord> servers,
    Map<String, ProtectionRecord> volumes,
    Map<String, Signed> signed,
    List<Reservation> reservations) {
  public CatalogView {
    servers = List.copyOf(servers);
    volumes = Map.copyOf(volumes);
    signed = Map.copyOf(signed);
    reservations = List.copyOf(reservations);
  }

  public Optional<ServerRecord> server(String name) {
    return servers.stream().filter(server -> server.name().equals(name)).findFirst();
  }

  public List<ServerRecord> servers(Role role) {
    return servers.stream().filter(server -> server.role() == role).toList();
  }
}
