package io.backstay.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.workflow.RunInput;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stored histories of every release replay against the code of today (rule F2): whoever changes the
 * order of commands without {@code Workflow.getVersion} would break runs that are under way, and
 * sees it here. A release adds histories; none is ever edited. To record those of this one, run
 * this class with {@code -Dbackstay.record=RELEASE}.
 */
class HistoryTest {
  private static final Path STORED =
      Path.of(System.getProperty("backstay.root", ".."))
          .resolve("workflows/src/test/resources/histories");

  private static final TestWorkflowEnvironment TEMPORAL = TestGroup.newTemporal();
  private static final Worker WORKER = worker();

  private static Worker worker() {
    Worker worker =
        TEMPORAL.newWorker(
            "replay", BackstayWorker.workerOptions(WorkerSettings.TemporalKind.TEST_SERVER));
    Registration.workflows(worker);
    return worker;
  }

  @AfterAll
  static void close() {
    TEMPORAL.close();
  }

  static List<Path> histories() throws IOException {
    try (Stream<Path> files = Files.walk(STORED)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("histories")
  void aStoredHistoryReplays(Path file) throws Exception {
    WORKER.replayWorkflowExecution(WorkflowExecutionHistory.fromJson(Files.readString(file)));
  }

  @Test
  void everyWorkflowHasHistoriesOfItsOutcomes() throws Exception {
    var outcomes =
        histories().stream()
            .collect(
                Collectors.groupingBy(
                    file -> STORED.relativize(file).getName(0).toString(),
                    Collectors.mapping(
                        file -> file.getFileName().toString(),
                        Collectors.toCollection(TreeSet::new))));
    for (String workflow : RunInput.workflowTypes()) {
      assertThat(outcomes.get(workflow))
          .as(workflow)
          .contains("completed.json", "cancelled.json", "refused.json", "retried.json");
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "backstay.record", matches = "[0-9.]+")
  void record() throws Exception {
    String release = System.getProperty("backstay.record");
    for (RecordedCase recorded : RecordedCase.ALL) {
      for (Scenario scenario : recorded.scenarios()) {
        String name = "%s-%s".formatted(scenario, recorded.name());
        try (TestGroup group = TestGroup.beside(TEMPORAL, name)) {
          group.startWorker();
          recorded.play().run(group, scenario);
          Path file =
              STORED.resolve(
                  "%s/%s/%s.json"
                      .formatted(scenario.input().workflowType(), release, recorded.name()));
          Files.createDirectories(file.getParent());
          Files.writeString(file, ofNoMachine(group.history(scenario.input().workflowId())));
        }
      }
    }
  }

  /** Without process id and host name of who recorded it. */
  private static String ofNoMachine(String history) {
    return history.replaceAll("\"\\d+@[^\"]+\"", "\"recorder\"") + "\n";
  }
}
