package io.backstay.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.activity.LatestRun;
import io.backstay.wire.Cbor;
import io.backstay.workflow.RunInput;
import io.backstay.workflow.RunPayloads;
import java.io.IOException;
import java.util.Optional;

/** The input of a run as its first event holds it. */
final class RunInputs {
  private RunInputs() {}

  /** Empty when the run's type is not ours or its input is not valid. */
  static Optional<RunInput> of(LatestRun run) {
    Optional<Class<? extends RunInput>> type =
        RunInput.typeOf(run.began().getWorkflowType().getName());
    if (type.isEmpty() || run.began().getInput().getPayloadsCount() == 0) return Optional.empty();
    try {
      return Optional.of(RunPayloads.read(json(run), type.get()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** For people: the JSON as it was given, less its grant. */
  static JsonNode withoutGrant(LatestRun run) {
    if (run.began().getInput().getPayloadsCount() == 0) return MissingNode.getInstance();
    try {
      JsonNode input = Cbor.json().readTree(json(run));
      if (input instanceof ObjectNode object) object.remove("grant");
      return input;
    } catch (IOException e) {
      return MissingNode.getInstance();
    }
  }

  private static byte[] json(LatestRun run) {
    return run.began().getInput().getPayloads(0).getData().toByteArray();
  }

  /** Static details of a run, Markdown, for the web UI. */
  static String howToFollow(RunInput input, String namespace) {
    return """
    **%s**, started by the command line.

    Follow it: `backstay run show %s` or `temporal workflow query --namespace %s --type status --workflow-id '%2$s'`
    """
        .formatted(input.summary(), input.workflowId(), namespace);
  }
}
