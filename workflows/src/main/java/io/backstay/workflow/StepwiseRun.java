package io.backstay.workflow;

import io.backstay.model.OperationKind;

/** A workflow made of {@link RunSteps}, which tell where it stands. */
abstract class StepwiseRun implements Run {
  final RunSteps steps;

  StepwiseRun(OperationKind kind) {
    this.steps = new RunSteps(kind);
  }

  @Override
  public final RunStatus status() {
    return steps.notes().status();
  }

  @Override
  public final void alarm(String text) {
    steps.notes().alarm(text);
  }
}
