package io.backstay.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.backstay.group.Group;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.Wish;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** The main job, told as it happens. */
final class Demo {
  private final Shell shell;
  private final DemoGround ground;
  private final Narration narration;
  private final Layout layout;
  private final Group group;
  private final Tools tools;

  /** How much is shown. */
  enum Acts {
    PLAIN,
    ALL
  }

  /**
   * What a demo that came to its end answers: everything in it was compared.
   *
   * @param continuous empty where it was not asked for, or the machine does not allow it
   */
  record Proof(
      String directory,
      boolean kept,
      String uiUrl,
      @JsonUnwrapped PlainAct.Proof plain,
      Optional<ContinuousAct.Proof> continuous,
      double seconds) {}

  Demo(Shell shell, DemoGround ground, Narration narration) {
    this.shell = shell;
    this.ground = ground;
    this.narration = narration;
    this.layout = ground.layout();
    this.group = new Group(layout, shell.launch(), shell.time());
    this.tools = new Tools(shell.path());
  }

  Proof run(Acts acts) throws IOException, InterruptedException, RefusedException {
    tools.require("e2fsprogs", "mke2fs", "e2fsck", "debugfs");
    Optional<TemporalInProcess> substitute = substitute();
    try (Closeable temporal = () -> substitute.ifPresent(TemporalInProcess::close)) {
      return run(acts, substitute.map(TemporalInProcess::address));
    }
  }

  /**
   * What takes the place of a Temporal server where none can be had; only a demo that leaves
   * nothing behind may do without.
   */
  private Optional<TemporalInProcess> substitute()
      throws IOException, InterruptedException, RefusedException {
    try {
      group.requireTemporal();
      return Optional.empty();
    } catch (RefusedException e) {
      if (ground.kept() || e.refusal().code() != RefusalCode.UNREACHABLE) throw e;
      narration.step(
          "no Temporal server can be had (%s); the SDK's test server in this process takes its place: no web UI, no temporal command, nothing outlives this demo"
              .formatted(e.refusal().found()));
      return Optional.of(TemporalInProcess.start());
    }
  }

  private Proof run(Acts acts, Optional<String> temporal)
      throws IOException, InterruptedException, RefusedException {
    try (GroupConnection connection = new GroupConnection(layout, shell.time())) {
      GroupFile file = start(connection, temporal);
      DemoStage stage =
          new DemoStage(ground, narration, tools, group, connection, file, shell.time());
      PlainAct.Proof plain = new PlainAct(stage).run();
      Optional<ContinuousAct.Proof> continuous =
          switch (acts) {
            case PLAIN -> Optional.empty();
            case ALL -> new ContinuousAct(stage).run();
          };
      Proof proof =
          new Proof(
              ground.directory().toString(),
              ground.kept(),
              file.temporal().uiUrl(),
              plain,
              continuous,
              narration.seconds());
      if (!ground.kept()) stop();
      return proof;
    }
  }

  private GroupFile start(GroupConnection connection, Optional<String> temporal)
      throws IOException, InterruptedException, RefusedException {
    narration.step("starting a group in " + ground.directory());
    Wish wish = ground.kept() ? Wish.DEFAULT : Wish.onlyWhileThisProcess(temporal);
    GroupFile file = group.up(wish, connection::servers, narration::detail);
    if (temporal.isEmpty()) narration.detail("Temporal web UI: " + file.temporal().uiUrl());
    return file;
  }

  private void stop() throws IOException, InterruptedException, RefusedException {
    narration.step("stopping everything");
    group.down(narration::detail);
  }
}
