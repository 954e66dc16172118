package io.backstay.group;

import io.backstay.net.HostPort;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** Where NBD clients with TLS find a storage of this machine, which names itself so to them. */
public record NbdAddress(HostPort at) {
  private static final Set<String> EVERYWHERE = Set.of("0.0.0.0", "::", "0:0:0:0:0:0:0:0");
  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

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
    HostPort listens = parse(file, config.nbdListen().get());
    String host = EVERYWHERE.contains(listens.host()) ? nameOfThisMachine() : listens.host();
    return Optional.of(new NbdAddress(new HostPort(host, listens.port())));
  }

  private static HostPort parse(Path file, String nbdListen) throws IOException {
    try {
      return HostPort.parse(nbdListen);
    } catch (IOException e) {
      throw new IOException("nbdListen in %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** From the kernel: whether a name server knows it decides nothing here. */
  private static String nameOfThisMachine() throws IOException {
    return Files.readString(HOST_NAME).strip();
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
