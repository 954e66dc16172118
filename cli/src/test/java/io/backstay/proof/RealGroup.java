package io.backstay.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.cli.CommandLines;
import io.backstay.group.Group;
import io.backstay.group.Launch;
import io.backstay.group.Layout;
import io.backstay.group.ProcessIdentity;
import io.backstay.group.ProcessTable;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A group of real processes in a directory of its own, and the commands that are typed there. */
final class RealGroup implements AutoCloseable {
  private static final Duration COMMAND_MAX = Duration.ofMinutes(4);
  private static final int LOG_LINES = 40;
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  /** Whoever waits asks servers so often: each answer is work for them. */
  static final Duration ASK_EVERY = Duration.ofMillis(200);

  private final Path launcher;
  private final Path directory;
  private JsonNode temporal;

  private RealGroup(Path launcher, Path directory) {
    this.launcher = launcher;
    this.directory = directory;
  }

  /**
   * Starts one; skips the test, loudly, where no Temporal server can be had.
   *
   * @param more options of {@code up}
   */
  static RealGroup up(Path directory, String... more) throws IOException, InterruptedException {
    boolean temporal = System.getenv("BACKSTAY_TEMPORAL") != null;
    if (!temporal)
      System.err.println(
          "!!! SKIPPED: no Temporal server (BACKSTAY_TEMPORAL is not set); ./backstay test gets one");
    Assumptions.assumeTrue(temporal, "BACKSTAY_TEMPORAL names a Temporal server");
    RealGroup group =
        new RealGroup(
            Path.of(System.getProperty("backstay.root", "..")).resolve("backstay"), directory);
    List<String> up = new ArrayList<>(List.of("up", "--while"));
    up.add(Long.toString(ProcessHandle.current().pid()));
    up.addAll(List.of(more));
    group.succeeded(group.start(up.toArray(String[]::new)).await());
    group.temporal = group.succeed("status").path("temporal");
    return group;
  }

  Path directory() {
    return directory;
  }

  /** What a command answered. */
  record Answer(String command, int exit, String out, String err) {
    JsonNode json() {
      return parse(out);
    }

    /** The error object on stderr, behind what was said on the way. */
    JsonNode error() {
      return parse(err.substring(Math.max(0, err.lastIndexOf("{\"error\"")))).path("error");
    }

    private JsonNode parse(String text) {
      try {
        return Cbor.json().readTree(text);
      } catch (IOException e) {
        throw new AssertionError("no JSON from " + this, e);
      }
    }
  }

  /** A command that runs. */
  record Command(String name, Process process, Path out, Path err) {
    Answer await() throws IOException, InterruptedException {
      if (!process.waitFor(COMMAND_MAX.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            "no end after " + COMMAND_MAX + ": " + name + "\n" + Files.readString(err));
      }
      return new Answer(name, process.exitValue(), Files.readString(out), Files.readString(err));
    }
  }

  /** Starts a command with JSON output, in a process of its own. */
  Command start(String... arguments) throws IOException {
    return start(launcher, arguments);
  }

  private Command start(Path program, String... arguments) throws IOException {
    List<String> line = new ArrayList<>(List.of(program.toString()));
    line.addAll(Arrays.asList(arguments));
    if (program.equals(launcher)) line.addAll(List.of("-o", "json"));
    Path out = Files.createTempFile("out", ".json");
    Path err = Files.createTempFile("err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder
        .environment()
        .putAll(Map.of("BACKSTAY_DIR", directory.toString(), "BACKSTAY_NO_BUILD", "1"));
    return new Command(String.join(" ", arguments), builder.start(), out, err);
  }

  /** Runs a command with JSON output; most tests are about what it has the group do. */
  Answer run(String... arguments) {
    String[] line =
        Stream.concat(Stream.of("-o", "json"), Stream.of(arguments)).toArray(String[]::new);
    CommandLines.Ran ran = CommandLines.run(directory, line);
    return new Answer(String.join(" ", arguments), ran.exit(), ran.out(), ran.err());
  }

  /** Runs a command that must exit 0. */
  JsonNode succeed(String... arguments) throws IOException, InterruptedException {
    return succeeded(run(arguments));
  }

  private JsonNode succeeded(Answer answer) {
    if (answer.exit() != 0)
      throw new AssertionError("exit " + answer.exit() + "\n" + answer.err() + logs());
    return answer.out().isBlank() ? Cbor.json().createObjectNode() : answer.json();
  }

  /** Waits until so much of an image on its way in is durable, by the archive's metadata. */
  long awaitBackedUp(String volume, long bytes) throws IOException, InterruptedException {
    Path volumes = directory.resolve("servers/a0/archive/volumes");
    long until = Time.system().nanos() + COMMAND_MAX.toNanos();
    while (Time.system().nanos() < until) {
      JsonNode partial = metadata(volumes.resolve(volume).resolve("metadata")).path("partial");
      if (partial.path("durable").asLong(-1) >= bytes) return partial.path("durable").asLong();
      Time.system().sleep(LOOK_EVERY);
    }
    throw new AssertionError("%s is never seen at %d durable bytes".formatted(volume, bytes));
  }

  /** Waits until so much of a target is durable, by the archive's record of it. */
  long awaitRestored(Path target, long bytes) throws IOException, InterruptedException {
    long until = Time.system().nanos() + COMMAND_MAX.toNanos();
    while (Time.system().nanos() < until) {
      for (Path file : targetRecords()) {
        JsonNode record = metadata(file);
        boolean far = record.path("durable").asLong() >= bytes;
        if (far && record.path("path").asText().equals(target.toString()))
          return record.path("durable").asLong();
      }
      Time.system().sleep(LOOK_EVERY);
    }
    throw new AssertionError("%s is never seen at %d durable bytes".formatted(target, bytes));
  }

  private List<Path> targetRecords() throws IOException {
    try (var files = Files.list(directory.resolve("servers/a0/archive/targets"))) {
      return files.filter(file -> !file.toString().endsWith(".tmp")).toList();
    }
  }

  /** The state of the volume at each server, and what is not over there yet. */
  List<String> states(String volume) throws IOException {
    List<String> states = new ArrayList<>();
    for (String server : List.of("s0/storage", "a0/archive")) {
      Path file =
          directory.resolve("servers").resolve(server).resolve("volumes/" + volume + "/metadata");
      JsonNode metadata = metadata(file);
      StringBuilder state =
          new StringBuilder(server.substring(0, 2) + " " + metadata.path("state").asText());
      if (metadata.hasNonNull("partial")) state.append(", receiving");
      for (JsonNode entry : metadata.path("ledger").path("entries")) {
        if (entry.path("state").asText().equals("RUNNING"))
          state.append(", ").append(entry.path("operation").asText());
      }
      states.add(state.toString());
    }
    return states;
  }

  /** A metadata file as it is now; such files are replaced whole. */
  private static JsonNode metadata(Path file) throws IOException {
    if (!Files.exists(file)) return Cbor.json().createObjectNode();
    String text = Files.readString(file);
    return Cbor.json().readTree(text.substring(text.indexOf('\n')));
  }

  /** Waits until the run says that it waits for something with this word in it. */
  JsonNode awaitWaiting(String workflowId, String word) throws IOException, InterruptedException {
    while (true) {
      Answer answer = run("run", "show", workflowId);
      JsonNode shown = answer.exit() == 0 ? answer.json() : Cbor.json().createObjectNode();
      if (shown.path("waiting").toString().contains(word)) return shown;
      if (shown.hasNonNull("ended"))
        throw new AssertionError("over without waiting for " + word + ": " + shown);
      Time.system().sleep(ASK_EVERY);
    }
  }

  /** Waits until so much time has passed since then, for what must have lasted. */
  void awaitPassed(Duration passed, long sinceNanos) throws InterruptedException {
    Duration left = passed.minusNanos(System.nanoTime() - sinceNanos);
    if (left.isPositive()) Time.system().sleep(left);
  }

  /** Runs Temporal's own command line in the namespace of the group. */
  Answer temporal(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.addAll(
        List.of(
            "--address",
            temporal.path("address").asText(),
            "--namespace",
            temporal.path("namespace").asText()));
    return start(Path.of(System.getenv("BACKSTAY_TEMPORAL")), all.toArray(String[]::new)).await();
  }

  /** Resets a run to its beginning, as a person does who wants it done again. */
  Answer reset(String workflowId) throws IOException, InterruptedException {
    List<String> to = List.of("--type", "FirstWorkflowTask", "--reason", "proof");
    List<String> line = new ArrayList<>(List.of("workflow", "reset", "--workflow-id", workflowId));
    line.addAll(to);
    return temporal(line.toArray(String[]::new));
  }

  /** Pid of a server, of {@code temporal} or {@code supervisor}, as status has it. */
  long pid(String server) throws IOException, InterruptedException {
    JsonNode status = succeed("status");
    if (status.has(server)) return status.path(server).path("pid").asLong();
    for (JsonNode one : status.path("servers")) {
      if (one.path("name").asText().equals(server)) return one.path("pid").asLong();
    }
    throw new AssertionError("no server " + server + " in " + status);
  }

  /** Kills a server, or {@code temporal}, and waits until the supervisor started the next one. */
  void killAndAwaitNext(String server) throws IOException, InterruptedException {
    ProcessIdentity dead = process(server).orElseThrow();
    kill(dead.pid());
    while (process(server).filter(it -> !it.equals(dead)).isEmpty())
      Time.system().sleep(LOOK_EVERY);
  }

  /** As the supervisor noted it; nobody is asked. */
  Optional<ProcessIdentity> process(String server) {
    return new Group(new Layout(directory), Launch.asThisProcess(), Time.system()).process(server);
  }

  /** SIGKILL; the supervisor starts the next process. */
  static void kill(long pid) throws IOException, InterruptedException {
    signal("KILL", pid);
  }

  /** As {@link #kill}, and returns when it is dead: then its port is free. */
  static void killAndAwait(long pid) throws IOException, InterruptedException {
    ProcessTable table = ProcessTable.ofThisMachine();
    ProcessIdentity process = table.find(pid).orElseThrow();
    kill(pid);
    while (table.alive(process)) Time.system().sleep(LOOK_EVERY);
  }

  static void signal(String name, long pid) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid)).inheritIO().start().waitFor();
  }

  /** The last lines of every server's log, for a failure's message. */
  String logs() {
    try {
      return tails();
    } catch (IOException e) {
      return "no logs: " + e;
    }
  }

  private String tails() throws IOException {
    StringBuilder text = new StringBuilder();
    if (!Files.isDirectory(directory.resolve("logs"))) return "";
    try (var files = Files.list(directory.resolve("logs"))) {
      for (Path log : files.sorted().toList()) {
        List<String> lines = Files.readAllLines(log);
        text.append("\n== ").append(log.getFileName()).append('\n');
        lines
            .subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
            .forEach(line -> text.append(line).append('\n'));
      }
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    run("down");
  }
}
