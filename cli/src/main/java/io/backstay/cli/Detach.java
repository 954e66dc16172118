package io.backstay.cli;

import java.util.Map;

/** What Ctrl-C says while a command follows a run. The JVM itself then ends with 130. */
final class Detach {
  private Detach() {}

  /** The run goes on, and the last line says how to go on following it. */
  static AtExit onInterrupt(Output output, String workflowId) {
    return new AtExit("detach", () -> say(output, workflowId));
  }

  private static void say(Output output, String workflowId) {
    Failure detached =
        new Failure(
            "detached",
            Failure.EXIT_DETACHED,
            "detached; the run goes on",
            "follow " + workflowId,
            "interrupted",
            "backstay run wait " + workflowId);
    if (output.format().forMachines()) output.say(Output.line(Map.of("error", detached)));
    else output.say("\nbackstay: detached; %s goes on: %s".formatted(workflowId, detached.next()));
  }
}
