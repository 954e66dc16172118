package io.backstay.worker;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Temporal development server of the pinned build, in a process of its own, and its command line.
 */
final class TemporalServer implements AutoCloseable {
  private final Path binary;
  private final Path directory;
  private final int port;
  private Process process;

  private TemporalServer(Path binary, Path directory, int port) {
    this.binary = binary;
    this.directory = directory;
    this.port = port;
  }

  /**
   * BACKSTAY_TEMPORAL, else where deployment/temporal/install.sh puts it; nothing is built here.
   */
  static Optional<Path> binary() throws IOException {
    Map<String, String> env = System.getenv();
    String given = env.get("BACKSTAY_TEMPORAL");
    if (given != null && !given.isBlank()) return Optional.of(Path.of(given));
    String cache = env.getOrDefault("XDG_CACHE_HOME", env.getOrDefault("HOME", "/") + "/.cache");
    List<Path> places = new ArrayList<>();
    if (env.get("BACKSTAY_DIR") != null) places.add(Path.of(env.get("BACKSTAY_DIR"), "temporal"));
    places.add(Path.of(cache, "backstay", "temporal"));
    String version = pinnedVersion();
    return places.stream()
        .map(place -> place.resolve(version).resolve("temporal"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static String pinnedVersion() throws IOException {
    Path pin = Path.of(System.getProperty("backstay.root", ".."), "deployment/temporal/pin.env");
    Matcher version = Pattern.compile("(?m)^version=(\\S+)").matcher(Files.readString(pin));
    if (!version.find()) throw new IllegalStateException("no version in " + pin);
    return version.group(1);
  }

  static TemporalServer start(Path binary, Path directory) throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    TemporalServer server = new TemporalServer(binary, directory, port);
    server.start();
    return server;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  /** Also again after {@link #kill}, with the same state. */
  void start() throws Exception {
    process =
        new ProcessBuilder(
                binary.toString(),
                "server",
                "start-dev",
                "--headless",
                "--ip",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--db-filename",
                directory.resolve("temporal.db").toString(),
                "--log-level",
                "error")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    awaitAnswer();
  }

  private Path log() {
    return directory.resolve("temporal.log");
  }

  private void awaitAnswer() throws Exception {
    WorkflowServiceStubs stubs =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(address()).build());
    try {
      for (int i = 0; i < 300; i++) {
        if (!process.isAlive()) throw new IOException("Temporal ended: " + Files.readString(log()));
        try {
          stubs.blockingStub().getSystemInfo(GetSystemInfoRequest.getDefaultInstance());
          return;
        } catch (StatusRuntimeException e) {
          TimeUnit.MILLISECONDS.sleep(100);
        }
      }
      throw new IOException("Temporal does not answer: " + Files.readString(log()));
    } finally {
      stubs.shutdownNow();
    }
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  /** What the command printed, and its exit code. */
  record Said(int code, String text) {}

  /** Runs the temporal command line against this server. */
  Said command(String namespace, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(binary.toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--address", address(), "--namespace", namespace, "--color", "never"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("HOME", directory.toString());
    Process run = builder.start();
    run.getOutputStream().close();
    String text = new String(run.getInputStream().readAllBytes(), UTF_8);
    return new Said(run.waitFor(), text);
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
