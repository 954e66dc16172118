package io.backstay.worker;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Refusal;
import io.backstay.model.Reservation;
import io.backstay.wire.Cbor;
import java.util.Optional;

/** How a run ended. */
public sealed interface Outcome {
  /**
   * The run that ended so: another than was asked for when {@link Runs#await} followed a holder.
   */
  RunKey run();

  /** Exit code of the command line (design section 10). */
  int exitCode();

  /**
   * @param result the run's JSON object, as in the {@code Result} records of the workflows
   */
  record Completed(RunKey run, JsonNode result) implements Outcome {
    /** The result as the record of its workflow: {@code as(FullBackup.Result.class)}. */
    public <T> T as(Class<T> type) {
      try {
        return Cbor.json().treeToValue(result, type);
      } catch (JacksonException e) {
        throw new IllegalStateException(
            "result of %s is not a %s: %s".formatted(run, type.getSimpleName(), result), e);
      }
    }

    @Override
    public int exitCode() {
      return 0;
    }
  }

  /**
   * Refused or failed.
   *
   * @param refusal code {@code OTHER} when the run failed with something that is not a refusal
   * @param holder present with {@code already-running}: the run that holds the volume
   */
  record Failed(RunKey run, Refusal refusal, Optional<Reservation> holder) implements Outcome {
    @Override
    public int exitCode() {
      return refusal.code().exitCode();
    }
  }

  /**
   * By {@code run cancel} or {@code temporal workflow cancel}: the servers are steady. What was
   * done before the cancellation came stays, up to the whole of it.
   */
  record Cancelled(RunKey run, String reason) implements Outcome {
    @Override
    public int exitCode() {
      return 5;
    }
  }

  /**
   * By {@code temporal workflow terminate}, or a time-out that somebody set: nothing was told to
   * the servers; the next run of the volume supersedes this one (rule K2).
   */
  record Terminated(RunKey run, String reason) implements Outcome {
    @Override
    public int exitCode() {
      return 5;
    }
  }
}
