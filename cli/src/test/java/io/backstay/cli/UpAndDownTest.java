package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.MethodOrderer.OrderAnnotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.GroupFile;
import io.backstay.group.Launch;
import io.backstay.group.Layout;
import io.backstay.model.Role;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.FixedTime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Rule K8 with real processes: one group lives through all of it, in this order. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class UpAndDownTest {
  @TempDir static Path directory;
  private LiveGroup group;

  @BeforeAll
  void begin() {
    LiveGroup.requireTemporal();
    group = new LiveGroup(directory.resolve("group"));
  }

  @AfterAll
  void end() throws Exception {
    if (group != null) group.close();
  }

  private TreeMap<String, Long> pids() {
    JsonNode status = group.status();
    return LiveGroup.names().stream()
        .collect(
            Collectors.toMap(
                name -> name, name -> LiveGroup.pid(status, name), (a, b) -> b, TreeMap::new));
  }

  private void assertAllUp() {
    JsonNode status = group.status();
    assertThat(LiveGroup.names())
        .allSatisfy(name -> assertThat(LiveGroup.state(status, name)).as(name).isEqualTo("UP"));
  }

  @Test
  @Order(1)
  void aLauncherThatIsKilledInTheMiddleOfUpHindersNoOtherUp() throws Exception {
    List<String> command = new ArrayList<>(Launch.asThisProcess().backstay());
    command.addAll(List.of("up", "--dir", group.directory().toString()));
    command.addAll(List.of("--while", Long.toString(ProcessHandle.current().pid())));
    Process up =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("first-up.out").toFile())
            .start();
    Path supervisor = group.layout().processFile("supervisor");
    LiveGroup.await("the supervisor is there", () -> Files.exists(supervisor) || !up.isAlive());
    up.destroyForcibly();
    up.waitFor();
    assertThat(supervisor).exists();

    JsonNode status = group.up();
    assertThat(LiveGroup.names())
        .allSatisfy(name -> assertThat(LiveGroup.state(status, name)).as(name).isEqualTo("UP"));
  }

  @Test
  @Order(1)
  void withoutATemporalServerUpRefusesAndSaysWhatToDo() throws Exception {
    List<String> command = new ArrayList<>(Launch.asThisProcess().backstay());
    command.addAll(List.of("up", "-o", "json", "--dir", directory.resolve("none").toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("BACKSTAY_TEMPORAL", directory.resolve("no-such").toString());
    Process up = builder.start();
    String said = new String(up.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(up.waitFor()).as("rule K8: %s", said).isEqualTo(8);
    assertThat(said).contains("\"code\":\"unreachable\"", "--temporal HOST:PORT");
  }

  @Test
  @Order(2)
  void upAgainChangesNothing() throws Exception {
    TreeMap<String, Long> before = pids();
    String file = Files.readString(group.layout().groupFile());
    group.up();
    assertThat(pids()).isEqualTo(before);
    assertThat(group.layout().groupFile()).hasContent(file);
  }

  @Test
  @Order(3)
  void aServerThatDiesIsStartedAgain() {
    TreeMap<String, Long> before = pids();
    LiveGroup.kill(before.get("a0"));
    LiveGroup.await("a0 is back", () -> LiveGroup.state(group.status(), "a0").equals("UP"));
    TreeMap<String, Long> after = pids();
    assertThat(after.remove("a0")).isNotEqualTo(before.remove("a0"));
    assertThat(after).isEqualTo(before);
  }

  @Test
  @Order(4)
  void serversOutliveTheSupervisorAndAreAdoptedByTheNextOne() {
    TreeMap<String, Long> before = pids();
    LiveGroup.kill(before.get("supervisor"));
    JsonNode status = group.status();
    assertThat(LiveGroup.state(status, "supervisor")).isEqualTo("DOWN");
    assertThat(LiveGroup.state(status, "s0")).isEqualTo("UP");

    group.up();
    TreeMap<String, Long> after = pids();
    assertThat(after.remove("supervisor")).isNotEqualTo(before.remove("supervisor"));
    assertThat(after).as("rule K8: the living ones are adopted").isEqualTo(before);

    LiveGroup.kill(before.get("w0"));
    LiveGroup.await("w0 is back", () -> LiveGroup.state(group.status(), "w0").equals("UP"));
  }

  @Test
  @Order(5)
  void aServerThatDoesNotAnswerIsUnknownSinceItLastDid() throws Exception {
    long pid = pids().get("a0");
    signal("STOP", pid);
    JsonNode status;
    try {
      status = group.status();
    } finally {
      signal("CONT", pid);
    }
    assertThat(LiveGroup.state(status, "a0")).isEqualTo("UNKNOWN");
    for (JsonNode server : status.path("servers")) {
      boolean stopped = server.path("name").asText().equals("a0");
      assertThat(server.path("since").isTextual()).as("%s", server).isEqualTo(stopped);
    }
    LiveGroup.await("a0 answers again", () -> LiveGroup.state(group.status(), "a0").equals("UP"));
  }

  private static void signal(String name, long pid) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
  }

  @Test
  @Order(6)
  void aCertificateThatIsOverIsRenewedByTheSupervisorAndTakenWithoutARestart() throws Exception {
    TreeMap<String, Long> before = pids();
    expire("s0", Role.STORAGE);
    LiveGroup.await("nobody believes s0", () -> state("s0").equals("UNKNOWN"));

    LiveGroup.kill(before.get("supervisor"));
    List<String> command = new ArrayList<>(Launch.asThisProcess().backstay());
    command.addAll(List.of("server", "supervise", "--dir", group.directory().toString()));
    command.addAll(List.of("--while", Long.toString(ProcessHandle.current().pid())));
    new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("supervisor.out").toFile())
        .start();

    LiveGroup.await("s0 serves again", () -> state("s0").equals("UP"));
    for (JsonNode server : group.status().path("servers")) {
      assertThat(server.path("certificateDaysLeft").asLong()).as("rule K5").isBetween(363L, 366L);
    }
    TreeMap<String, Long> after = pids();
    assertThat(after.remove("supervisor")).isNotEqualTo(before.remove("supervisor"));
    assertThat(after).isEqualTo(before);
  }

  @Test
  @Order(10)
  void aCatalogWhoseDirectoryIsLostIsNotBegunAnew() throws Exception {
    assertThat(group.backstay("down").fitting("down").path("stillRunning")).isEmpty();
    Path kept = group.layout().serverDirectory("c0").resolve("catalog");
    Path aside = directory.resolve("aside");
    Files.move(kept, aside);

    LiveGroup.Ran up = group.backstay("up");
    assertThat(up.exit()).as("rule K1: %s", up.err()).isNotZero();
    assertThat(up.error().path("message").asText()).contains("catalog", "is gone");
    assertThat(up.error().path("next").asText()).contains("put " + kept + " back");
    assertThat(kept).doesNotExist();
    assertThat(group.group().lives(GroupFile.read(group.layout()))).isFalse();

    Files.move(aside, kept);
    group.up();
    assertAllUp();
  }

  /** As if nothing had been renewed for a year. */
  private void expire(String name, Role role) throws Exception {
    Layout layout = group.layout();
    Instant longAgo = Instant.now().minus(Duration.ofDays(366));
    CertificateAuthority.open(
            layout.authority(), group.status().path("group").asText(), new FixedTime(longAgo))
        .issue(name, role, layout.certificates());
  }

  private String state(String server) {
    return LiveGroup.state(group.status(), server);
  }

  @Test
  @Order(7)
  void aGroupThatWasStartedForAnotherProcessStopsWithIt() throws Exception {
    Process other = new ProcessBuilder("sleep", "600").start();
    LiveGroup its = new LiveGroup(directory.resolve("its"));
    its.backstay("up", "--while", Long.toString(other.pid())).fitting("status");
    other.destroyForcibly();
    LiveGroup.await(
        "all are gone",
        () -> {
          JsonNode status = its.status();
          return LiveGroup.names().stream()
              .allMatch(name -> LiveGroup.state(status, name).equals("DOWN"));
        });
  }

  @Test
  @Order(8)
  void anotherGroupOnTheSameMachineIsNotTouched() throws Exception {
    TreeMap<String, Long> before = pids();
    try (LiveGroup other = new LiveGroup(directory.resolve("other"))) {
      other.up();
      JsonNode down = other.backstay("down").fitting("down");
      assertThat(down.path("stillRunning")).isEmpty();
    }
    assertAllUp();
    assertThat(pids()).isEqualTo(before);
  }

  /** Rule K8: the supervisor that lived knew nothing of the new one. */
  @Test
  @Order(8)
  void aGroupThatRunsGetsAnotherProxyAndKeepsItAlive() {
    TreeMap<String, Long> before = pids();
    String pid = Long.toString(ProcessHandle.current().pid());
    JsonNode status = group.backstay("up", "--while", pid, "--proxies", "2").fitting("status");
    assertThat(LiveGroup.state(status, "p1")).isEqualTo("UP");
    TreeMap<String, Long> after = pids();
    assertThat(after.remove("supervisor")).isNotEqualTo(before.remove("supervisor"));
    assertThat(after).isEqualTo(before);

    LiveGroup.kill(LiveGroup.pid(status, "p1"));
    LiveGroup.await("p1 is back", () -> state("p1").equals("UP"));
    assertThat(group.backstay("up", "--proxies", "1").exit()).as("it takes none away").isEqualTo(4);
  }

  @Test
  @Order(9)
  void downStopsEverythingAndUpBringsTheSameGroupBack() {
    String id = group.status().path("group").asText();
    String address = group.status().path("servers").path(0).path("address").asText();
    assertThat(group.backstay("down").fitting("down").path("stillRunning")).isEmpty();
    JsonNode down = group.status();
    assertThat(LiveGroup.names())
        .allSatisfy(name -> assertThat(LiveGroup.state(down, name)).as(name).isEqualTo("DOWN"));
    assertThat(group.backstay("down").fitting("down").path("stillRunning"))
        .as("down again is no error")
        .isEmpty();

    JsonNode up = group.up();
    assertThat(up.path("group").asText()).isEqualTo(id);
    assertThat(up.path("servers").path(0).path("address").asText()).isEqualTo(address);
    assertAllUp();
  }
}
