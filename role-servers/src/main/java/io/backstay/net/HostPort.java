package io.backstay.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Objects;

/** An address as text: {@code host:port}, {@code 10.0.0.7:20111}, {@code [::1]:20111}. */
public record HostPort(String host, int port) {
  private static final int PORT_MAX = 65_535;

  public HostPort {
    Objects.requireNonNull(host, "host");
  }

  /**
   * @throws IOException if it is none
   */
  public static HostPort parse(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    String host = colon < 0 ? "" : address.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (host.isEmpty() || host.contains(":") && !bracketed) throw malformed(address);
    try {
      int port = Integer.parseInt(address.substring(colon + 1));
      if (port < 0 || port > PORT_MAX) throw malformed(address);
      return new HostPort(bracketed ? host.substring(1, host.length() - 1) : host, port);
    } catch (NumberFormatException e) {
      throw malformed(address);
    }
  }

  private static IOException malformed(String address) {
    return new IOException(
        "'%s' is no address: expected host:port, or [v6]:port".formatted(address));
  }

  public static HostPort of(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  /** For messages: the address of a socket's other end. */
  public static String text(SocketAddress address) {
    return address instanceof InetSocketAddress internet && !internet.isUnresolved()
        ? of(internet).toString()
        : String.valueOf(address);
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
