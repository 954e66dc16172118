package io.backstay.worker;

import java.util.Objects;

/**
 * A run that now works on an input.
 *
 * @param how whether this call began it, or found one with the same input
 * @param inputHash of the input without its grant, so that {@link Runs#await} can follow the run to
 *     the one that holds the volume
 */
public record Started(RunKey run, How how, String inputHash) {
  /** Who began the run. */
  public enum How {
    STARTED,
    /** One with an equal input was running already. */
    ATTACHED
  }

  public Started {
    Objects.requireNonNull(run, "run");
    Objects.requireNonNull(how, "how");
    Objects.requireNonNull(inputHash, "inputHash");
  }
}
