package io.backstay.cli;

import io.backstay.group.Group;
import io.backstay.model.RefusalCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Stops the group on this machine in order (rule K8). */
@Command(
    name = "down",
    description = {
      "Stop the group on this machine: worker, storages, proxies, archives, catalog, Temporal.",
      "Operations are brought to a steady state and go on after the next up.",
      "Nothing that serves is ever killed: what does not stop is named, and the exit code is 3."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay down")
final class DownCommand implements Callable<Integer> {
  private final Shell shell;

  /** What {@code down} answers. */
  record Stopped(String directory, List<String> stillRunning) {}

  DownCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    shell.group();
    Output output = shell.output();
    Group group = new Group(shell.layout(), shell.launch(), shell.time());
    List<String> left = group.down(message -> output.say("backstay: " + message));
    String directory = shell.layout().directory().toString();
    output.object(new Stopped(directory, left), () -> left.isEmpty() ? "down: " + directory : "");
    if (left.isEmpty()) return 0;
    output.error(
        new Failure(
            RefusalCode.WRONG_STATE.word(),
            Failure.EXIT_PARTIAL,
            "not everything stopped",
            "stop the group in " + directory,
            "still running: " + String.join(", ", left),
            "see their logs in " + directory + "/logs, and give the command again"));
    return Failure.EXIT_PARTIAL;
  }
}
