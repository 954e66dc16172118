package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.OperationReport;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.wire.Command.ListOperations;
import io.backstay.wire.Command.Watch;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import io.backstay.worker.Outcome;
import io.backstay.worker.RunDescription;
import io.backstay.worker.RunKey;
import io.backstay.worker.RunRow;
import io.backstay.worker.Runs;
import io.backstay.worker.Started;
import io.backstay.workflow.RunStatus;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code run list | show | wait | cancel}. */
@Command(
    name = "run",
    description = "Runs of the workflows: what goes on, what went on.",
    footerHeading = "%nExample:%n",
    footer = "  backstay run list")
final class RunCommands implements Callable<Integer> {
  private final Shell shell;

  private RunCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new RunCommands(shell))
        .addSubcommand(new ListAll(shell))
        .addSubcommand(new Show(shell))
        .addSubcommand(new Wait(shell))
        .addSubcommand(new Cancel(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "run");
  }

  /**
   * One line of {@code run list}.
   *
   * @param source "temporal", or "ledger" when Temporal does not answer: then the ids of workflow
   *     and run are not known, but operation and server are (rule F4)
   */
  record Listed(
      String source,
      Optional<String> workflowId,
      Optional<String> runId,
      String type,
      Optional<String> volume,
      String state,
      Instant started,
      Optional<Instant> ended,
      Set<RunRow.Flag> flags,
      Optional<String> operation,
      Optional<String> server) {
    static Listed of(RunRow row) {
      return new Listed(
          "temporal",
          Optional.of(row.run().workflowId()),
          Optional.of(row.run().runId()),
          row.workflowType(),
          row.volume(),
          row.state().name(),
          row.started(),
          row.ended(),
          row.flags(),
          Optional.empty(),
          Optional.empty());
    }

    static Listed of(OperationReport report) {
      return new Listed(
          "ledger",
          Optional.empty(),
          Optional.empty(),
          report.kind().word(),
          Optional.of(report.volume()),
          report.state().name(),
          report.started(),
          report.running() ? Optional.empty() : Optional.of(report.lastProgress()),
          Set.of(),
          Optional.of(report.operation()),
          Optional.of(report.server()));
    }
  }

  @Command(
      name = "list",
      description = {
        "Runs, the newest first. While Temporal does not answer: operations, as the servers know them."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay run list --volume vol0")
  static final class ListAll implements Callable<Integer> {
    private static final int MOST = 100;
    private final Shell shell;

    @Option(names = "--volume", paramLabel = "NAME", description = "Only runs of this volume.")
    private String volume;

    @Option(names = "--open", description = "Only runs that are not over.")
    private boolean open;

    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "" + MOST,
        description = "At most so many (default: ${DEFAULT-VALUE}).")
    private int limit;

    ListAll(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        List<Listed> rows = rows(connection, group);
        shell.output().list(rows, () -> table(rows));
      }
      return 0;
    }

    private List<Listed> rows(GroupConnection connection, GroupFile group)
        throws IOException, InterruptedException {
      Runs.Which which = open ? Runs.Which.OPEN : Runs.Which.ALL;
      Optional<String> its = Optional.ofNullable(volume);
      try {
        return connection.runs(group).list(its, which, limit).stream().map(Listed::of).toList();
      } catch (UnreachableException e) {
        shell.output().say("backstay: " + e.getMessage());
        shell.output().say("backstay: these are the operations that the servers know");
        return ledgers(connection.servers(group), group, its).stream()
            .filter(report -> !open || report.running())
            .limit(limit)
            .map(Listed::of)
            .toList();
      }
    }

    private List<OperationReport> ledgers(Servers servers, GroupFile group, Optional<String> volume)
        throws InterruptedException {
      List<OperationReport> reports = new ArrayList<>();
      for (ServerRecord server : group.servers()) {
        if (server.role() == Role.CATALOG || server.role() == Role.WORKER) continue;
        try {
          Reply reply = servers.call(server.name(), new ListOperations(volume));
          if (reply instanceof Reply.Operations known) reports.addAll(known.reports());
        } catch (IOException e) {
          shell
              .output()
              .say("backstay: unknown at %s: %s".formatted(server.name(), e.getMessage()));
        }
      }
      reports.sort(Comparator.comparing(OperationReport::started).reversed());
      return reports;
    }

    private static String table(List<Listed> rows) {
      if (rows.isEmpty()) return "no runs";
      Table table = new Table("id", "type", "volume", "state", "started", "ended", "flags");
      for (Listed row : rows) {
        table.row(
            row.workflowId().or(row::operation).orElse("?"),
            row.type(),
            row.volume().orElse(null),
            row.state(),
            Quantity.time(row.started()),
            row.ended().map(Quantity::time).orElse(null),
            row.flags().isEmpty()
                ? null
                : row.flags().stream()
                    .map(flag -> flag.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(" ")));
      }
      return table.toString();
    }
  }

  @Command(
      name = "show",
      description = "Where a run stands, what it waits for, how it ended.",
      footerHeading = "%nExample:%n",
      footer = "  backstay run show full-backup/vol0")
  static final class Show implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "ID", description = "Workflow id, as run list shows it.")
    private String id;

    Show(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        RunDescription run = connection.runs(group).describe(id);
        List<WaitingFor> waiting = new ArrayList<>();
        Optional<OperationReport> operation = Optional.empty();
        if (run.status().isPresent() && run.status().get().operation() != null) {
          operation = operation(connection.servers(group), run.status().get(), waiting);
        }
        RunShown shown = RunShown.of(run, operation, waiting, shell.time().now());
        shell.output().object(shown, shown::text);
      }
      return 0;
    }

    private static Optional<OperationReport> operation(
        Servers servers, RunStatus status, List<WaitingFor> waiting) throws InterruptedException {
      try {
        Reply reply = servers.call(status.server(), new Watch(status.operation(), status.volume()));
        if (reply instanceof Reply.Operation known) return Optional.of(known.report());
      } catch (IOException e) {
        waiting.add(WaitingFor.answerOf(status.server(), e.getMessage()));
      }
      return Optional.empty();
    }
  }

  @Command(
      name = "wait",
      description = "Follow a run to its end and answer with its result, or its error.",
      footerHeading = "%nExample:%n",
      footer = "  backstay run wait full-backup/vol0")
  static final class Wait implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "ID", description = "Workflow id, as run list shows it.")
    private String id;

    Wait(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Started run = started(connection.runs(group), id);
        return new RunDesk(shell, connection, group)
            .follow(run, result -> id + " completed: " + result);
      }
    }
  }

  private static Started started(Runs runs, String id)
      throws RefusedException, UnreachableException {
    return new Started(runs.find(id), Started.How.ATTACHED, "");
  }

  /** What {@code run cancel} answers. */
  record Ended(String workflowId, String runId, String state) {}

  @Command(
      name = "cancel",
      description = {
        "End a run: its servers stop in a steady state and keep what is durable.",
        "A later run of the same kind goes on from there."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay run cancel full-backup/vol0")
  static final class Cancel implements Callable<Integer> {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private final Shell shell;

    @Parameters(paramLabel = "ID", description = "Workflow id, as run list shows it.")
    private String id;

    @Option(names = "--detach", description = "Do not wait until it has ended.")
    private boolean detach;

    Cancel(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      GroupFile group = shell.group();
      try (GroupConnection connection = new GroupConnection(shell.layout(), shell.time())) {
        Runs runs = connection.runs(group);
        RunKey run = runs.find(id);
        runs.cancel(run, "backstay run cancel");
        Ended ended = detach ? ended(run, "CANCELLING") : ended(runs, run);
        shell.output().object(ended, () -> id + ": " + ended.state().toLowerCase(Locale.ROOT));
      }
      return 0;
    }

    private static Ended ended(Runs runs, RunKey run) throws UnreachableException {
      Optional<Outcome> outcome = Optional.empty();
      while (outcome.isEmpty()) outcome = runs.await(run, LOOK_EVERY);
      return switch (outcome.get()) {
        case Outcome.Completed completed -> ended(completed.run(), "COMPLETED");
        case Outcome.Failed failed -> ended(failed.run(), "FAILED");
        case Outcome.Cancelled cancelled -> ended(cancelled.run(), "CANCELLED");
        case Outcome.Terminated terminated -> ended(terminated.run(), "TERMINATED");
      };
    }

    private static Ended ended(RunKey run, String state) {
      return new Ended(run.workflowId(), run.runId(), state);
    }
  }
}
