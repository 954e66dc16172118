package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.backstay.group.Group;
import io.backstay.group.Launch;
import io.backstay.group.Layout;
import io.backstay.group.ProcessIdentity;
import io.backstay.group.ProcessTable;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A group of real processes in a directory of a test, driven by command lines. */
final class LiveGroup implements AutoCloseable {
  private static final long WAIT_NANOS_MAX = 180_000_000_000L;

  /** Mostly every server is asked, which is work for all of them. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(300);

  private final Path directory;

  LiveGroup(Path directory) {
    this.directory = directory;
  }

  /** Tests of a group need a Temporal server; "backstay test" provides one. */
  static void requireTemporal() {
    Assumptions.assumeTrue(
        System.getenv("BACKSTAY_TEMPORAL") != null, "BACKSTAY_TEMPORAL names no Temporal server");
  }

  /** What one command line came to. */
  record Ran(int exit, String out, String err) {
    JsonNode json() {
      try {
        return out.isBlank() ? MissingNode.getInstance() : Cbor.json().readTree(out);
      } catch (IOException e) {
        throw new UncheckedIOException(out, e);
      }
    }

    JsonNode error() {
      try {
        return Cbor.json().readTree(err.lines().toList().getLast()).path("error");
      } catch (IOException e) {
        throw new UncheckedIOException(err, e);
      }
    }

    Ran succeeded() {
      assertThat(exit).as("%s%n%s", err, out).isZero();
      return this;
    }

    /** The answer, which fits that schema of docs/schemas. */
    JsonNode fitting(String schema) {
      succeeded();
      assertThat(Schema.of(schema).misfits(json())).as(schema + ": " + out).isEmpty();
      return json();
    }
  }

  /** Runs a command in this process, with -o json. */
  Ran backstay(String... arguments) {
    String[] line =
        Stream.concat(Stream.of("-o", "json"), Stream.of(arguments)).toArray(String[]::new);
    CommandLines.Ran ran = CommandLines.run(directory, line);
    return new Ran(ran.exit(), ran.out(), ran.err());
  }

  /** Starts it; it does not outlive the process of the tests. */
  JsonNode up() {
    String pid = Long.toString(ProcessHandle.current().pid());
    return backstay("up", "--while", pid).fitting("status");
  }

  Layout layout() {
    return new Layout(directory);
  }

  Path directory() {
    return directory;
  }

  Group group() {
    return new Group(layout(), Launch.asThisProcess(), Time.system());
  }

  JsonNode status() {
    return backstay("status").fitting("status");
  }

  /** State of a server, of "temporal" or of "supervisor". */
  static String state(JsonNode status, String name) {
    return one(status, name).path("state").asText();
  }

  static long pid(JsonNode status, String name) {
    return one(status, name).path("pid").asLong();
  }

  private static JsonNode one(JsonNode status, String name) {
    if (status.has(name)) return status.path(name);
    for (JsonNode server : status.path("servers")) {
      if (server.path("name").asText().equals(name)) return server;
    }
    throw new AssertionError(name + " is not in " + status);
  }

  /** SIGKILL. */
  static void kill(long pid) {
    ProcessIdentity process = ProcessTable.ofThisMachine().find(pid).orElseThrow();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await("process %d is gone".formatted(pid), () -> !ProcessTable.ofThisMachine().alive(process));
  }

  static void await(String what, BooleanSupplier condition) {
    long begun = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - begun > WAIT_NANOS_MAX)
        throw new AssertionError("not in time: " + what);
      try {
        Time.system().sleep(LOOK_EVERY);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  static List<String> names() {
    return List.of("c0", "s0", "p0", "a0", "w0", "temporal", "supervisor");
  }

  @Override
  public void close() throws IOException, InterruptedException {
    group().kill();
  }
}
