package io.backstay.workflow;

import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;

/** What every run can be asked and told. */
public interface Run {
  @QueryMethod(name = "status", description = "where the run stands, as one JSON object")
  RunStatus status();

  /**
   * @param text what does not move and since when; empty when it moves again
   */
  @SignalMethod(name = "alarm", description = "from the watcher: nothing moves, or it moves again")
  void alarm(String text);
}
