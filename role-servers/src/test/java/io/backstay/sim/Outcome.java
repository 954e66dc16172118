package io.backstay.sim;

import io.backstay.model.Refusal;

/** How a run ended. */
public sealed interface Outcome {
  record Done(Object result) implements Outcome {}

  record Refused(Refusal refusal) implements Outcome {}

  record Cancelled() implements Outcome {}

  /** Ended from outside, without its knowledge. */
  record Terminated() implements Outcome {}
}
