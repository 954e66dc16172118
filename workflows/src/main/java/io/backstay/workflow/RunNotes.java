package io.backstay.workflow;

import io.backstay.activity.OperationActivities.Order;
import io.backstay.model.OperationKind;
import io.backstay.policy.Plan;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.List;

/** Where a run stands, for the query {@code status} and, as Markdown, for the web UI (rule K4). */
final class RunNotes {
  private final OperationKind kind;
  private final List<String> done = new ArrayList<>();
  private String volume = "";
  private String step = "starting";
  private String plan;
  private Order order;
  private String alarm;

  RunNotes(OperationKind kind) {
    this.kind = kind;
  }

  void begin(RunInput input) {
    volume = input.volume();
  }

  void at(String next) {
    at(next, null);
  }

  void at(String next, Order operation) {
    step = next;
    order = operation;
    alarm = null;
    show();
  }

  void did(String what) {
    done.add(what);
    order = null;
    show();
  }

  void planned(Plan chosen) {
    plan = chosen.words();
    done.add("planned (policy %d)".formatted(chosen.head().policy()));
    show();
  }

  void over() {
    step = "done";
    order = null;
    show();
  }

  String step() {
    return step;
  }

  void alarm(String text) {
    alarm = text.isEmpty() ? null : text;
    show();
  }

  RunStatus status() {
    return new RunStatus(
        kind,
        volume,
        step,
        plan,
        order == null ? null : order.server(),
        order == null ? null : order.operation(),
        alarm);
  }

  private void show() {
    StringBuilder text = new StringBuilder();
    if (alarm != null) text.append("> **Alarm:** ").append(alarm).append("\n\n");
    text.append("**Now:** ").append(step);
    if (order != null) {
      text.append(" — operation `%s` at `%s`".formatted(order.operation(), order.server()));
    }
    text.append("\n\n");
    if (plan != null) text.append("**Plan:** ").append(plan).append("\n\n");
    for (String line : done) text.append("- ").append(line).append('\n');
    Workflow.setCurrentDetails(text.toString());
  }
}
