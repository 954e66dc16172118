package io.backstay.launcher;

import static io.backstay.launcher.Script.executable;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.launcher.Script.Outcome;
import io.backstay.launcher.Script.Started;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher, in a tree that is empty but for it, with a JDK and a Maven that only write down
 * what they were asked.
 */
class LauncherTest {
  private static final Path ROOT =
      Path.of(System.getProperty("backstay.root", "..")).toAbsolutePath();
  private static final FileTime LATER = FileTime.from(Instant.parse("2100-01-01T00:00:00Z"));

  @TempDir Path temp;
  private Path tree;
  private Path path;

  @BeforeEach
  void makeTree() throws IOException {
    tree = temp.resolve("a tree");
    path = temp.resolve("path");
    for (String module :
        new String[] {
          "wire-protocol", "native", "role-servers", "activities", "workflows", "cli"
        }) {
      Files.createDirectories(tree.resolve(module).resolve("src/main"));
      Files.createFile(tree.resolve(module).resolve("pom.xml"));
    }
    Files.createFile(tree.resolve("pom.xml"));
    Files.createDirectories(tree.resolve(".mvn"));
    Files.copy(
        ROOT.resolve("backstay"), tree.resolve("backstay"), StandardCopyOption.COPY_ATTRIBUTES);
    executable(
        path.resolve("mvn"),
        "#!/bin/bash",
        "cd \"${0%/*}/../a tree\"",
        "echo \"$JAVA_HOME\" >> maven-runs",
        "mkdir -p cli/target/app",
        "echo jar > cli/target/app/backstay.jar");
  }

  @Test
  void aFreshTreeIsBuiltOnceAndThenRun() throws IOException {
    Path jdk = jdk("jdk-25", "25.0.1");
    Outcome first = launcher(jdk).run("status");
    Outcome second = launcher(jdk).run("status");

    assertThat(first.code()).isZero();
    assertThat(first.err()).contains("building").contains("built in");
    assertThat(first.out()).contains("backstay.jar status").contains("-XX:TieredStopAtLevel=1");
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).isEqualTo(first.out());
    assertThat(mavenRuns()).isEqualTo(1);
  }

  @Test
  void theCommandLearnsItsLauncherAndItsJdk() throws IOException {
    Path jdk = jdk("jdk-25", "25.0.1");
    assertThat(launcher(jdk).run("status").out())
        .contains("-Dbackstay.launcher=" + tree.resolve("backstay"))
        .contains("-Dbackstay.home=" + jdk);
  }

  @Test
  void aNewerSourceIsBuiltAgainWithoutTouchingTheBuildThatRuns() throws IOException {
    Path jdk = jdk("jdk-25", "25");
    launcher(jdk).run("status");
    Path before = tree.resolve(".app/current").toRealPath();
    Files.setLastModifiedTime(tree.resolve("cli/pom.xml"), LATER);
    launcher(jdk).run("status");

    assertThat(mavenRuns()).isEqualTo(2);
    assertThat(tree.resolve(".app/current").toRealPath()).isNotEqualTo(before);
  }

  @Test
  void aServerRunsWhatIsBuiltAlthoughSourcesAreNewer() throws IOException {
    Path jdk = jdk("jdk-25", "25");
    launcher(jdk).run("status");
    Files.setLastModifiedTime(tree.resolve("cli/pom.xml"), LATER);
    Outcome server =
        launcher(jdk).with("BACKSTAY_HEAP", "128m").run("server", "run", "--config", "x");

    assertThat(mavenRuns()).isEqualTo(1);
    assertThat(server.out())
        .contains("-Xmx128m")
        .contains("-XX:MaxDirectMemorySize=216m")
        .doesNotContain("TieredStopAtLevel")
        .contains("backstay.jar server run --config x");
  }

  @Test
  void twoLaunchersAtOnceBuildOnce() throws IOException {
    Path jdk = jdk("jdk-25", "25");
    Started one = launcher(jdk).start("status");
    Started other = launcher(jdk).start("status");

    assertThat(Script.finish(one).code()).isZero();
    assertThat(Script.finish(other).code()).isZero();
    assertThat(mavenRuns()).isEqualTo(1);
  }

  @Test
  void aFailedBuildShowsTheLogAndLeavesNoBuild() throws IOException {
    executable(path.resolve("mvn"), "#!/bin/bash", "echo '[ERROR] X.java: broken'", "exit 1");
    Outcome outcome = launcher(jdk("jdk-25", "25")).run("status");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).contains("X.java: broken").contains("the build failed");
    assertThat(tree.resolve(".app/current")).doesNotExist();
  }

  @Test
  void anOlderJdkIsRefusedByNameAndVersion() throws IOException {
    Path jdk = jdk("jdk-17", "17.0.15");
    Outcome outcome = launcher(jdk).run("status");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains(jdk + " is Java 17; needed is 25");
  }

  @Test
  void theWantedVersionIsPreferredToANewerOne() throws IOException {
    Path newer = jdk("jdk-26", "26");
    Path wanted = jdk("jdk-25", "25");
    Files.createSymbolicLink(path.resolve("java"), wanted.resolve("bin/java"));
    Script script =
        new Script(tree.resolve("backstay"), path).with("JAVA_HOME", newer).with("HOME", temp);

    assertThat(script.run("status").out()).contains("-Dbackstay.home=" + wanted);
  }

  private Script launcher(Path jdk) {
    return new Script(tree.resolve("backstay"), path)
        .with("BACKSTAY_JAVA_HOME", jdk)
        .with("HOME", temp);
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = temp.resolve(name);
    executable(home.resolve("bin/javac"), "#!/bin/bash");
    executable(home.resolve("bin/java"), "#!/bin/bash", "echo \"$@\"");
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"T\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private long mavenRuns() throws IOException {
    try (Stream<String> runs = Files.lines(tree.resolve("maven-runs"))) {
      return runs.count();
    }
  }
}
