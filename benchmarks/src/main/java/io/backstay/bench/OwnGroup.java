package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.group.Layout;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A Backstay group of real processes on this machine, made and used with the command line as
 * everybody does.
 */
final class OwnGroup implements AutoCloseable {
  private static final int LOOPBACK_PORT = 10_898;
  private static final List<String> DATA_ROLES = List.of("storage", "proxy", "archive");

  private final String launcher;
  private final Path directory;
  private final Meter meter;
  private double startSeconds;

  private OwnGroup(String launcher, Path directory, Meter meter) {
    this.launcher = launcher;
    this.directory = directory;
    this.meter = meter;
  }

  /**
   * A new group in that directory; one that an earlier benchmark left there ends.
   *
   * @param more words of the command that starts it
   */
  static OwnGroup start(Path directory, Meter meter, String... more)
      throws BenchException, IOException, InterruptedException {
    String launcher = System.getProperty("backstay.launcher");
    if (launcher == null) throw new BenchException("start it with './backstay bench'");
    OwnGroup group = new OwnGroup(launcher, directory, meter);
    if (Files.exists(directory.resolve("group.json"))) group.close();
    Workplace.delete(directory);
    List<String> up = new ArrayList<>(List.of("up"));
    up.addAll(List.of(more));
    group.startSeconds = group.run(up.toArray(String[]::new)).reading().wallSeconds();
    return group;
  }

  /** From the shell until all processes served. */
  double startSeconds() {
    return startSeconds;
  }

  Layout layout() {
    return new Layout(directory);
  }

  /** Runs one command with its answer as JSON. */
  JsonNode call(String... words) throws BenchException, IOException, InterruptedException {
    return Cbor.json().readTree(run(words).standardOutput());
  }

  private Meter.Finished run(String... words)
      throws BenchException, IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher));
    command.addAll(List.of(words));
    command.addAll(List.of("--dir", directory.toString(), "-o", "json"));
    return meter.run("backstay " + words[0], command, Map.of());
  }

  /**
   * As {@link #call}, measured: the command from its start to its exit, and with it what the
   * group's servers did meanwhile.
   */
  Reading measure(String... words) throws BenchException, IOException, InterruptedException {
    Map<String, Long> servers = pids();
    double before = cpuSeconds(servers);
    Meter.Finished finished = run(words);
    double during = cpuSeconds(servers) - before;
    double seconds = Cbor.json().readTree(finished.standardOutput()).path("seconds").asDouble();
    return finished
        .reading()
        .withServers(
            during, peaks().values().stream().mapToLong(Long::longValue).max().orElse(0), seconds);
  }

  /** Process ids of the group's servers by name, Temporal's among them if the group runs it. */
  private Map<String, Long> pids() throws BenchException, IOException, InterruptedException {
    JsonNode status = call("status");
    Map<String, Long> pids = new LinkedHashMap<>();
    for (JsonNode server : status.path("servers")) {
      pids.put(server.path("name").asText(), server.path("pid").asLong());
    }
    if (status.path("temporal").hasNonNull("pid")) {
      pids.put("temporal", status.path("temporal").path("pid").asLong());
    }
    return pids;
  }

  private static double cpuSeconds(Map<String, Long> pids) {
    return pids.values().stream()
        .mapToDouble(pid -> ProcessTable.row(pid).map(ProcessTable.Row::cpuSeconds).orElse(0.0))
        .sum();
  }

  /** Largest resident set so far, in bytes, of the servers that move bytes, by name and role. */
  Map<String, Long> peaks() throws BenchException, IOException, InterruptedException {
    Map<String, Long> peaks = new LinkedHashMap<>();
    for (JsonNode server : call("status").path("servers")) {
      String role = server.path("role").asText();
      if (!DATA_ROLES.contains(role)) continue;
      String name = "%s (%s)".formatted(server.path("name").asText(), role);
      peaks.put(name, ProcessTable.peakBytes(server.path("pid").asLong()));
    }
    return peaks;
  }

  /** That of one server. */
  long peak(String server) throws BenchException, IOException, InterruptedException {
    return ProcessTable.peakBytes(pid(server));
  }

  /** Peaks count from now on. */
  void forgetPeaks() throws BenchException, IOException, InterruptedException {
    for (long pid : pids().values()) ProcessTable.forgetPeak(pid);
  }

  /** User and system time of one server so far. */
  double cpuSeconds(String server) throws BenchException, IOException, InterruptedException {
    return cpuSeconds(Map.of(server, pid(server)));
  }

  ProcessTable.Resident resident(String server)
      throws BenchException, IOException, InterruptedException {
    return ProcessTable.resident(pid(server));
  }

  private long pid(String server) throws BenchException, IOException, InterruptedException {
    return Optional.ofNullable(pids().get(server))
        .orElseThrow(() -> new BenchException("the group has no server " + server));
  }

  /** Lets the storage serve on loopback too, which takes a new process; the volume's address. */
  String serveOnLoopback(String volume) throws BenchException, IOException, InterruptedException {
    Path config = directory.resolve("configs").resolve("s0.json");
    ObjectNode settings = (ObjectNode) Cbor.json().readTree(config.toFile());
    settings.put("nbdListen", "127.0.0.1:" + LOOPBACK_PORT);
    Files.write(config, Cbor.json().writeValueAsBytes(settings));
    call("down");
    call("up");
    return "nbd://127.0.0.1:%d/%s".formatted(LOOPBACK_PORT, volume);
  }

  /**
   * A new logged volume; its address on a Unix socket.
   *
   * @param more words of the command that adds it
   */
  String addLogged(String volume, long sizeBytes, long logBytes, String... more)
      throws BenchException, IOException, InterruptedException {
    List<String> add = new ArrayList<>(List.of("volume", "add", volume, "--kind", "logged"));
    add.addAll(List.of("--size", "" + sizeBytes, "--log-size", "" + logBytes));
    add.addAll(List.of(more));
    call(add.toArray(String[]::new));
    return call("volume", "show", volume).path("volume").path("nbdUri").asText();
  }

  void add(String volume, Path device) throws BenchException, IOException, InterruptedException {
    call("volume", "add", volume, "--kind", "plain", "--device", device.toString());
  }

  /** The newest image file that the archive keeps of a volume. */
  Path image(String volume) throws BenchException, IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("servers"))) {
      return files
          .filter(file -> file.getParent().endsWith(Path.of("volumes", volume)))
          .filter(file -> file.getFileName().toString().matches("image-.*\\.raw"))
          .max(Comparator.comparing(Path::getFileName))
          .orElseThrow(() -> new BenchException("the archive keeps no image of " + volume));
    }
  }

  /** Deletes every point but the newest. */
  void forgetOlder(String volume) throws BenchException, IOException, InterruptedException {
    List<Long> gids = new ArrayList<>();
    for (JsonNode point : call("point", "list", volume)) gids.add(point.path("gid").asLong());
    gids.sort(null);
    for (long gid : gids.subList(0, Math.max(0, gids.size() - 1))) {
      call("point", "delete", volume, "--gid", Long.toString(gid), "--yes");
    }
  }

  @Override
  public void close() throws BenchException, IOException, InterruptedException {
    run("down");
  }
}
