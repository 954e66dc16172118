package io.backstay.nbd;

import io.backstay.net.Credentials;
import io.backstay.seam.Time;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Serves each volume on a Unix socket of its own, {@code NAME.sock} in a directory that only its
 * owner may enter.
 */
public final class UnixDoor implements VolumeDoor, AutoCloseable {
  /** What fits into the kernel's sockaddr_un. */
  private static final int PATH_BYTES_MAX = 107;

  private final Path directory;
  private final NbdServer server;
  private final Map<String, NbdListener> listeners = new ConcurrentHashMap<>();

  /**
   * @param limits of all that it serves together
   * @param credentials for clients that come with TLS, of whom operators may use all volumes
   * @throws IOException that names the credentials file which is missing or wrong
   */
  public UnixDoor(
      Path directory, NbdLimits limits, Credentials credentials, Time time, MeterRegistry registry)
      throws IOException {
    this.directory = directory;
    this.server = new NbdServer(time, limits, registry, credentials);
  }

  /** Serves all volumes there too: plain on loopback, else to those with a certificate only. */
  public void listen(String address) throws IOException {
    server.listenTcp(address, export -> true);
  }

  @Override
  public String open(Export export) throws IOException {
    Path socket = directory.resolve(export.name() + ".sock");
    if (socket.toString().length() > PATH_BYTES_MAX) {
      throw new IOException(
          "cannot serve %s at %s: the path of a socket has at most %d characters. Keep the group in a directory with a shorter path"
              .formatted(export.name(), socket, PATH_BYTES_MAX));
    }
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    server.add(export, WriteCache.DURABLE);
    try {
      NbdListener listener = server.listenUnix(socket, export.name());
      listeners.put(export.name(), listener);
      return listener.uri(export.name());
    } catch (IOException e) {
      server.remove(export.name());
      throw e;
    }
  }

  @Override
  public void close(String volume) {
    NbdListener listener = listeners.remove(volume);
    if (listener == null) return;
    listener.close();
    server.remove(volume);
  }

  @Override
  public void close() {
    server.close();
  }
}
