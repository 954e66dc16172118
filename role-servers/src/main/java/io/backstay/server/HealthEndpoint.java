package io.backstay.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.backstay.seam.Time;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * What monitoring asks over plain HTTP: {@code /metrics} (Prometheus), {@code /health} (200 while
 * the process lives), {@code /ready} (200 when it serves, else 503). It tells nothing that is
 * secret and takes nothing, and listens where the configuration says, which is loopback unless
 * somebody wants otherwise.
 */
final class HealthEndpoint implements AutoCloseable {
  private static final int BACKLOG = 16;
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String JSON = "application/json";

  private final HttpServer http;

  /** What a path answers. */
  record Page(int status, String type, String body) {}

  HealthEndpoint(String address, Supplier<String> metrics, Supplier<Phase> phase, Time time)
      throws IOException {
    InetSocketAddress bind = parse(address);
    try {
      http = HttpServer.create(bind, BACKLOG);
    } catch (BindException e) {
      throw new IOException("cannot listen for metrics at " + address + ": " + e.getMessage(), e);
    }
    http.setExecutor(exchange -> time.fork("http", exchange));
    page("/metrics", () -> new Page(200, TEXT, metrics.get()));
    page("/health", () -> new Page(200, JSON, state(phase.get())));
    page(
        "/ready",
        () -> new Page(phase.get() == Phase.SERVING ? 200 : 503, JSON, state(phase.get())));
    http.start();
  }

  private static InetSocketAddress parse(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    try {
      return new InetSocketAddress(
          address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new IOException(
          "'%s' is no address for metrics: expected host:port".formatted(address), e);
    }
  }

  private static String state(Phase phase) {
    return "{\"state\":\"%s\"}\n".formatted(phase);
  }

  private void page(String path, Supplier<Page> content) {
    http.createContext(
        path,
        exchange -> {
          try (exchange) {
            boolean exact = exchange.getRequestURI().getPath().equals(path);
            boolean reads = exchange.getRequestMethod().equals("GET");
            Page page = new Page(exact ? 405 : 404, JSON, "{}\n");
            write(exchange, exact && reads ? content.get() : page);
          }
        });
  }

  private static void write(HttpExchange exchange, Page page) throws IOException {
    byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", page.type());
    exchange.sendResponseHeaders(page.status(), body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  /** Where it listens, with the real port. */
  String address() {
    InetSocketAddress bound = http.getAddress();
    return bound.getHostString() + ":" + bound.getPort();
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
