package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.Group;
import io.backstay.group.Launch;
import io.backstay.group.Layout;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Rule K8 without any rights. Where the tests run as an ordinary user all of them show that. Its
 * commands start without the launcher's cache of loaded classes, so on two processors beside
 * another group one takes longer to begin than commands wait for Temporal: nothing runs beside it.
 */
@Isolated
class OrdinaryUserTest {
  private static final int NOBODY = 65534;

  @TempDir Path directory;
  private Path home;
  private Path temporal;
  private String classPath;

  @BeforeEach
  void prepare() throws Exception {
    LiveGroup.requireTemporal();
    Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "not root");
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "no setpriv");
    open(directory);
    home = open(Files.createDirectory(directory.resolve("home")));
    run(List.of("chown", NOBODY + ":" + NOBODY, home.toString()));
    temporal = directory.resolve("temporal");
    Files.copy(Path.of(System.getenv("BACKSTAY_TEMPORAL")), temporal);
    open(temporal);
    classPath = readableClassPath();
  }

  @AfterEach
  void end() throws Exception {
    if (home != null) {
      new Group(new Layout(home.resolve("group")), Launch.asThisProcess(), Time.system()).kill();
    }
  }

  private static Path open(Path path) throws Exception {
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** What the tests run from may lie where only root may read. */
  private String readableClassPath() throws Exception {
    Path copies = open(Files.createDirectory(directory.resolve("classes")));
    String given =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> entries = new ArrayList<>();
    for (String entry : given.split(File.pathSeparator)) {
      Path from = Path.of(entry);
      if (!Files.exists(from)) continue;
      Path to = copies.resolve(entries.size() + "-" + from.getFileName());
      run(List.of("cp", "-r", from.toString(), to.toString()));
      entries.add(to.toString());
    }
    run(List.of("chmod", "-R", "a+rX", copies.toString()));
    return String.join(File.pathSeparator, entries);
  }

  private static String run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, printed).isZero();
    return printed;
  }

  private JsonNode backstay(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + NOBODY,
                "--regid=" + NOBODY,
                "--clear-groups",
                "env",
                "HOME=" + home,
                "BACKSTAY_TEMPORAL=" + temporal,
                "BACKSTAY_DIR=" + home.resolve("group"),
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                classPath,
                "io.backstay.cli.Backstay",
                "-o",
                "json"));
    command.addAll(List.of(arguments));
    Path out = home.resolveSibling("out");
    Process process =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectOutput(out.toFile())
            .redirectError(home.resolveSibling("err").toFile())
            .start();
    int exit = process.waitFor();
    String said = Files.readString(home.resolveSibling("err"));
    assertThat(exit).as("%s: %s", List.of(arguments), said).isZero();
    return Cbor.json().readTree(out.toFile());
  }

  @Test
  void aGroupIsStartedUsedAndStoppedWithoutAnyRights() throws Exception {
    JsonNode status = backstay("up");
    assertThat(status.path("servers"))
        .allSatisfy(server -> assertThat(server.path("state").asText()).isEqualTo("UP"));
    long pid = status.path("temporal").path("pid").asLong();
    assertThat(Files.getAttribute(Path.of("/proc/" + pid), "unix:uid")).isEqualTo(NOBODY);

    Path source = directory.resolve("vol0.img");
    Files.write(source, new byte[4 << 20]);
    backstay("volume", "add", "vol0", "--kind", "plain", "--device", source.toString());
    backstay("backup", "full", "vol0");
    Path target = home.resolve("restored.img");
    backstay("restore", "vol0", "--to", target.toString());
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);

    assertThat(backstay("down").path("stillRunning")).isEmpty();
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      assertThat(all.map(ProcessHandle::info).flatMap(info -> info.commandLine().stream()))
          .noneMatch(line -> line.contains(home.toString()));
    }
  }
}
