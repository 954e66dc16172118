package io.backstay.launcher;

import static io.backstay.launcher.Script.executable;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.launcher.Script.Outcome;
import io.backstay.launcher.Script.Started;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** deployment/temporal/install.sh with a Go that writes a server at once. */
class TemporalInstallTest {
  private static final Path ROOT =
      Path.of(System.getProperty("backstay.root", "..")).toAbsolutePath();
  private static final String PINNED = "temporal version 1 (Server 1.29.1, UI 2)";

  @TempDir Path temp;
  private Path cache;
  private Path path;

  @BeforeEach
  void makeGo() throws IOException {
    cache = temp.resolve("cache");
    path = temp.resolve("path");
    go(PINNED);
  }

  @Test
  void theServerIsBuiltOnceAndFoundAfterwards() throws IOException {
    Outcome first = script().run();
    Outcome second = script().run();

    assertThat(first.code()).isZero();
    assertThat(first.out().strip()).isEqualTo(installed().toString());
    assertThat(first.err()).contains("building the Temporal server");
    assertThat(second.out()).isEqualTo(first.out());
    assertThat(second.err()).isEmpty();
    assertThat(goRuns()).isEqualTo(1);
    try (Stream<Path> left = Files.list(installed().getParent())) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("lock", "temporal");
    }
  }

  @Test
  void twoCallersAtOnceBuildOnce() throws IOException {
    Started one = script().start();
    Started other = script().start();

    assertThat(Script.finish(one).out()).isEqualTo(Script.finish(other).out());
    assertThat(goRuns()).isEqualTo(1);
  }

  @Test
  void whatAKilledCallersGoHasBuiltIsAdopted() throws IOException {
    Path left = installed().resolveSibling(".build.killed");
    executable(left.resolve("bin/temporal"), "#!/bin/bash", "echo '" + PINNED + "'");
    Outcome outcome = script().run();

    assertThat(outcome.out().strip()).isEqualTo(installed().toString());
    assertThat(temp.resolve("go-runs")).doesNotExist();
    assertThat(left).doesNotExist();
  }

  @Test
  void anotherServersVersionIsNeverInstalled() throws IOException {
    go("temporal version 2 (Server 9.9.9, UI 2)");
    Outcome outcome = script().run();

    assertThat(outcome.code()).isEqualTo(8);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("could not be built").contains("What to do");
    assertThat(installed()).doesNotExist();
  }

  @Test
  void aBinaryOfOnesOwnIsUsedAndItsOtherVersionNamed() throws IOException {
    Path own = executable(temp.resolve("own"), "#!/bin/bash", "echo 'temporal (Server 9.9.9)'");
    Outcome outcome = script().with("BACKSTAY_TEMPORAL", own).run();

    assertThat(outcome.out().strip()).isEqualTo(own.toString());
    assertThat(outcome.err()).contains("is not the pinned Server 1.29.1").contains("9.9.9");
  }

  @Test
  void anEarlierInstallationBelowTheDataDirectoryIsFound() throws IOException {
    Path earlier =
        executable(temp.resolve("data/temporal/v1.5.1/temporal"), "#!/bin/bash", "echo x");
    assertThat(script().with("BACKSTAY_DIR", temp.resolve("data")).run().out().strip())
        .isEqualTo(earlier.toString());
  }

  private Script script() {
    return new Script(ROOT.resolve("deployment/temporal/install.sh"), path)
        .with("XDG_CACHE_HOME", cache)
        .with("HOME", temp);
  }

  private Path installed() {
    return cache.resolve("backstay/temporal/v1.5.1/temporal");
  }

  private void go(String version) throws IOException {
    executable(
        path.resolve("go"),
        "#!/bin/bash",
        "if [[ $1 == env ]]; then [[ $2 == GOVERSION ]] && echo go1.26.1; exit 0; fi",
        "echo run >> \"${0%/*}/../go-runs\"",
        "printf '#!/bin/bash\\necho \"" + version + "\"\\n' > \"$GOBIN/temporal\"",
        "chmod +x \"$GOBIN/temporal\"");
  }

  private long goRuns() throws IOException {
    try (Stream<String> runs = Files.lines(temp.resolve("go-runs"))) {
      return runs.count();
    }
  }
}
