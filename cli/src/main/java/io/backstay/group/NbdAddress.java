package io.backstay.group;

import io.backstay.net.HostPort;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where NBD clients with TLS find a storage of this machine, which names itself so to them. */
public record NbdAddress(HostPort at) {
  /**
   * As the storage's configuration says. One that listens on all addresses is found by the name of
   * its machine.
   *
   * @return empty if it listens on Unix sockets only, or is not of this machine
   */
  public static Optional<NbdAddress> of(Layout layout, String storage) throws IOException {
    Path file = layout.config(storage);
    if (!Files.exists(file)) return Optional.empty();
    ServerConfig config = Cbor.json().readValue(Files.readAllBytes(file), ServerConfig.class);
    if (config.nbdListen().isEmpty()) return Optional.empty();
    HostPort listens = HostPort.parse(config.nbdListen().get());
    boolean everywhere = InetAddress.getByName(listens.host()).isAnyLocalAddress();
    String host = everywhere ? InetAddress.getLocalHost().getHostName() : listens.host();
    return Optional.of(new NbdAddress(new HostPort(host, listens.port())));
  }

  public String host() {
    return at.host();
  }

  /** How libnbd and its tools write a volume there, for a client with its certificates. */
  public String uri(String volume, Path certificates) {
    String encoded =
        URLEncoder.encode(certificates.toString(), StandardCharsets.UTF_8)
            .replace("+", "%20")
            .replace("%2F", "/");
    return "nbds://%s/%s?tls-certificates=%s".formatted(at, volume, encoded);
  }
}
