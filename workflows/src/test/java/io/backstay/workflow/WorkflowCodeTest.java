package io.backstay.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Workflow code is order, timers and compensation (rule F2), and the same in every replay. */
class WorkflowCodeTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("backstay.root", ".."))
          .resolve("workflows/src/main/java/io/backstay/workflow");

  private static final int LINES_MAX = 80;

  /** What workflow code may import: values, the activities' interfaces and Temporal's own. */
  private static final Pattern ALLOWED =
      Pattern.compile(
          "io\\.backstay\\.(model|policy)\\..*"
              + "|io\\.backstay\\.activity\\.(\\w+Activities(\\.\\w+)?|RefusalFailure)"
              + "|io\\.temporal\\.(workflow|failure)\\..*"
              + "|io\\.temporal\\.activity\\.(ActivityOptions|ActivityCancellationType)"
              + "|io\\.temporal\\.common\\.(RetryOptions|converter\\.EncodedValues)"
              + "|java\\.time\\.Duration|java\\.util\\.(\\w+|function\\.\\w+)");

  private static List<Path> workflowCode() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      return files
          .filter(file ->
              file.toString().endsWith("Workflow.java")
                  || List.of("RunSteps.java", "RunNotes.java", "StepwiseRun.java")
                      .contains(file.getFileName().toString()))
          .toList();
    }
  }

  @Test
  void aWorkflowHasAtMostEightyLines() throws IOException {
    List<Path> workflows =
        workflowCode().stream().filter(file -> file.toString().endsWith("Workflow.java")).toList();
    assertThat(workflows).hasSize(RunInput.workflowTypes().size() + 1);
    for (Path file : workflows) {
      assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(LINES_MAX);
    }
  }

  @Test
  void workflowCodeImportsNothingThatAsksTheWorld() throws IOException {
    for (Path file : workflowCode()) {
      List<String> imports =
          Files.readAllLines(file).stream()
              .filter(line -> line.startsWith("import "))
              .map(line -> line.replaceAll("import (static )?|;", ""))
              .toList();
      assertThat(imports).as(file.toString()).allMatch(name -> ALLOWED.matcher(name).matches());
    }
  }
}
