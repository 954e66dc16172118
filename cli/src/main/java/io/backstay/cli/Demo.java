package io.backstay.cli;

import io.backstay.group.Group;
import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.ProcessIdentity;
import io.backstay.group.Wish;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.worker.Outcome;
import io.backstay.worker.Runs;
import io.backstay.worker.Started;
import io.backstay.workflow.AddVolume;
import io.backstay.workflow.FullBackup;
import io.backstay.workflow.Restore;
import io.backstay.workflow.RunInput;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The main job, told as it happens. */
final class Demo {
  private static final String VOLUME = "vol0";

  /** Slow enough that "in the middle" is a moment that can be met. */
  private static final String RATE = "24MiB/s";

  private static final Duration ASK_EVERY = Duration.ofMillis(100);

  private final Shell shell;
  private final DemoGround ground;
  private final Narration narration;
  private final Layout layout;
  private final Group group;
  private final Tools tools;

  /**
   * What a demo that came to its end answers: everything in it was compared.
   *
   * @param killedAtBytes durable bytes when the archive server was killed
   * @param bytesResent payload bytes that crossed the wire twice because of that
   * @param files whose checksums were compared
   */
  record Proof(
      String directory,
      boolean kept,
      String uiUrl,
      String volume,
      long gid,
      long sizeBytes,
      long killedAtBytes,
      long bytesSent,
      long bytesResent,
      String sha256,
      int files,
      double seconds) {}

  /** When and where the archive server was killed. */
  private record Kill(long pid, long atBytes) {}

  Demo(Shell shell, DemoGround ground, Narration narration) {
    this.shell = shell;
    this.ground = ground;
    this.narration = narration;
    this.layout = ground.layout();
    this.group = new Group(layout, shell.launch(), shell.time());
    this.tools = new Tools(shell.path());
  }

  Proof run() throws IOException, InterruptedException, RefusedException {
    tools.require("e2fsprogs", "mke2fs", "e2fsck", "debugfs");
    Optional<TemporalInProcess> substitute = substitute();
    try (Closeable temporal = () -> substitute.ifPresent(TemporalInProcess::close)) {
      return run(substitute.map(TemporalInProcess::address));
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

  private Proof run(Optional<String> temporal)
      throws IOException, InterruptedException, RefusedException {
    try (GroupConnection connection = new GroupConnection(layout, shell.time())) {
      GroupFile file = start(connection, temporal);
      DemoVolume volume = makeVolume();
      Runs runs = connection.runs(file);
      protect(runs, connection, file);
      AtomicReference<Kill> kill = new AtomicReference<>();
      FullBackup.Result backup = backUp(runs, connection, file, kill);
      restore(runs, connection, file, backup.gid());
      Proof proof = compare(volume, file, backup, kill.get());
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

  private DemoVolume makeVolume() throws IOException, InterruptedException {
    narration.step(
        "making a volume of %s with an ext4 file system full of files"
            .formatted(Quantity.bytes(DemoVolume.SIZE_BYTES)));
    DemoVolume volume = new DemoVolume(source(), ground.resolve("files"), tools);
    volume.make(shell.time().random());
    return volume;
  }

  private Path source() {
    return ground.resolve(VOLUME + ".img");
  }

  private Path target() {
    return ground.resolve("restored.img");
  }

  private void protect(Runs runs, GroupConnection connection, GroupFile file)
      throws IOException, InterruptedException, RefusedException {
    command("volume add %s --kind plain --device %s".formatted(VOLUME, source()));
    AddVolume.Input input =
        new AddVolume.Input(VOLUME, VolumeKind.PLAIN, source().toString(), null, null);
    complete(runs, connection, file, input, seen -> {});
  }

  private void command(String arguments) {
    narration.step("$ backstay " + arguments);
  }

  private FullBackup.Result backUp(
      Runs runs, GroupConnection connection, GroupFile file, AtomicReference<Kill> kill)
      throws IOException, InterruptedException, RefusedException {
    command("backup full %s --rate-limit %s".formatted(VOLUME, RATE));
    String archive = file.servers(Role.ARCHIVE).getFirst().name();
    Consumer<Progress.Snapshot> watch =
        seen -> {
          narration.progress(seen);
          boolean half = seen.bytesTotal() > 0 && 2 * seen.bytesDone() >= seen.bytesTotal();
          if (half && kill.get() == null) killServer(archive, seen).ifPresent(kill::set);
        };
    FullBackup.Input input = new FullBackup.Input(VOLUME, RATE, null);
    FullBackup.Result result =
        complete(runs, connection, file, input, watch).as(FullBackup.Result.class);
    if (kill.get() == null) {
      throw failed("the backup was over before the archive server could be killed", "", "");
    }
    long now = group.process(archive).map(ProcessIdentity::pid).orElse(0L);
    narration.step(
        "done: gid %d is restorable; %s is pid %d now; %s sent, %s of it twice"
            .formatted(
                result.gid(),
                archive,
                now,
                Quantity.bytes(result.bytesSent()),
                Quantity.bytes(result.bytesResent())));
    return result;
  }

  private Optional<Kill> killServer(String name, Progress.Snapshot seen) {
    Optional<ProcessIdentity> process = group.process(name);
    if (process.isEmpty()) return Optional.empty();
    long pid = process.get().pid();
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    narration.step(
        "killed the archive server %s (pid %d) with SIGKILL, %s of %s are durable"
            .formatted(
                name, pid, Quantity.bytes(seen.bytesDone()), Quantity.bytes(seen.bytesTotal())));
    narration.detail("the supervisor starts it again, the workflow goes on by itself");
    return Optional.of(new Kill(pid, seen.bytesDone()));
  }

  private void restore(Runs runs, GroupConnection connection, GroupFile file, long gid)
      throws IOException, InterruptedException, RefusedException {
    command("restore %s --gid %d --to %s".formatted(VOLUME, gid, target()));
    Restore.Input plain = restoreInput(gid, null);
    String grant =
        new Consent(shell, file, connection.operator()).sign(plain, "restore", target().toString());
    Restore.Result result =
        complete(runs, connection, file, restoreInput(gid, grant), narration::progress)
            .as(Restore.Result.class);
    narration.detail(
        "%s, of which %s were written"
            .formatted(Quantity.bytes(result.sizeBytes()), Quantity.bytes(result.bytesWritten())));
  }

  private Restore.Input restoreInput(long gid, String grant) {
    return new Restore.Input(
        VOLUME, gid, null, null, null, target().toString(), false, null, grant);
  }

  private Outcome.Completed complete(
      Runs runs,
      GroupConnection connection,
      GroupFile file,
      RunInput input,
      Consumer<Progress.Snapshot> progress)
      throws IOException, InterruptedException, RefusedException {
    Started started = runs.start(input);
    RunFollower follower =
        new RunFollower(runs, connection.servers(file), shell.time(), ASK_EVERY, progress);
    Outcome outcome = follower.follow(started);
    if (outcome instanceof Outcome.Completed completed) return completed;
    throw new RefusedException(RunDesk.refusal(outcome));
  }

  private Proof compare(DemoVolume volume, GroupFile file, FullBackup.Result backup, Kill kill)
      throws IOException, InterruptedException, RefusedException {
    narration.step("comparing");
    String before = DemoVolume.sha256(source());
    String after = DemoVolume.sha256(target());
    if (!before.equals(after)) throw failed("the restored volume differs", before, after);
    narration.detail("sha256 of volume and restored volume: equal, " + before);
    Map<String, String> put = volume.checksums();
    Map<String, String> got = volume.checksumsInside(target(), ground.resolve("unpacked"));
    narration.detail("e2fsck -fn of the restored file system: clean");
    if (!put.equals(got)) throw failed("files differ", put.toString(), got.toString());
    narration.detail("sha256 of each of the %d files inside: equal".formatted(put.size()));
    return new Proof(
        ground.directory().toString(),
        ground.kept(),
        file.temporal().uiUrl(),
        VOLUME,
        backup.gid(),
        DemoVolume.SIZE_BYTES,
        kill.atBytes(),
        backup.bytesSent(),
        backup.bytesResent(),
        before,
        put.size(),
        narration.seconds());
  }

  private void stop() throws IOException, InterruptedException, RefusedException {
    narration.step("stopping everything");
    group.down(narration::detail);
  }

  private static RefusedException failed(String message, String expected, String found) {
    return new RefusedException(
        Refusal.of(RefusalCode.VERIFICATION_FAILED, message)
            .attempted("the demo")
            .found(found.isEmpty() ? "" : "expected %s, found %s".formatted(expected, found)));
  }
}
