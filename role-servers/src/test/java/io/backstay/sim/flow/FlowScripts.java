package io.backstay.sim.flow;

import io.backstay.model.Grant;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.sim.Execution;
import io.backstay.sim.GroupKeys;
import io.backstay.sim.Run;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedServer;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The runs of logged volumes, in the order of steps that the product's workflows have. */
final class FlowScripts {
  private static final Duration GRANTED_FOR = Duration.ofDays(30);

  private final SimulatedGroup group;
  private long nonces;

  FlowScripts(SimulatedGroup group) {
    this.group = group;
  }

  /** An operator allows one destructive step. */
  private Optional<Signed> grant(String command, String volume, String target) {
    return Optional.of(
        group
            .keys()
            .operator()
            .sign(
                new Grant(
                    GroupKeys.GROUP,
                    command,
                    volume,
                    target,
                    "input",
                    group.worldTime().now().plus(GRANTED_FOR),
                    "nonce-" + ++nonces)));
  }

  Run.Script addVolume(ProtectionRecord record) {
    return steps ->
        steps.reserved(
            OperationKind.ADD_VOLUME,
            epoch -> {
              Signed signed =
                  steps
                      .step(
                          "write the record",
                          () ->
                              steps.ask(
                                  "c0",
                                  new Command.WriteProtection(epoch, record),
                                  Reply.SignedRecord.class))
                      .record();
              List<String> servers = new ArrayList<>(record.archives());
              servers.add(record.storage());
              for (String server : servers)
                steps.carryOut(
                    steps.order(server, "add-volume/" + server, epoch, new Work.AddVolume(signed)),
                    WorkResult.VolumeAdded.class);
              return servers;
            });
  }

  /** From the record that the catalog has: another run may have come between. */
  Run.Script setVolume(ProtectionRecord known, UnaryOperator<ProtectionRecord> change) {
    return steps ->
        steps.reserved(
            OperationKind.SET_VOLUME,
            epoch -> {
              Signed signed =
                  steps.step("write the next record", () -> written(steps, epoch, known, change));
              return steps.carryOut(
                  steps.order(known.storage(), "set-volume", epoch, new Work.SetVolume(signed)),
                  WorkResult.VolumeSet.class);
            });
  }

  private static Signed written(
      Execution steps, long epoch, ProtectionRecord known, UnaryOperator<ProtectionRecord> change)
      throws RefusedException, IOException, InterruptedException {
    Reply.CatalogRecords records =
        steps.ask("c0", new Command.ReadCatalog(), Reply.CatalogRecords.class);
    for (Signed signed : records.protections()) {
      ProtectionRecord now = Cbor.read(signed.content().toArray(), ProtectionRecord.class);
      if (now.volume().equals(known.volume()))
        return steps
            .ask(
                "c0",
                new Command.WriteProtection(epoch, change.apply(now)),
                Reply.SignedRecord.class)
            .record();
    }
    throw new IllegalStateException("no record of " + known.volume());
  }

  Run.Script fullBackup(ProtectionRecord record, String archive, long bytesPerSecondMax) {
    Work work = new Work.FullBackup(archive, group.server(archive).address(), bytesPerSecondMax);
    return steps ->
        steps.reserved(
            OperationKind.FULL_BACKUP,
            epoch ->
                steps.carryOut(
                    steps.order(record.storage(), "full-backup", epoch, work),
                    WorkResult.BackedUp.class));
  }

  Run.Script snapshot(ProtectionRecord record, Optional<String> label) {
    return steps ->
        steps.carryOut(
            steps.order(record.storage(), "snapshot", 0, new Work.Snapshot(label)),
            WorkResult.SnapshotMade.class);
  }

  Run.Script restore(
      ProtectionRecord record, String archive, long gid, SimulatedServer onto, String path) {
    Optional<Work.Receiver> receiver =
        onto.self().role() == Role.ARCHIVE
            ? Optional.empty()
            : Optional.of(new Work.Receiver(onto.name(), onto.address()));
    Work work =
        new Work.Restore(
            gid,
            onto.node().name(),
            receiver,
            path,
            Work.Overwrite.ONLY_EMPTY,
            0,
            "input",
            Optional.empty());
    return steps ->
        steps.holding(steps.orderHolding(archive, "restore", gid, work), WorkResult.Restored.class);
  }

  Run.Script verify(String archive, long gid) {
    return steps ->
        steps.holding(
            steps.orderHolding(archive, "verify", gid, new Work.Verify(gid, 0)),
            WorkResult.Verified.class);
  }

  Run.Script apply(String volume, String archive, long gid) {
    Work work = new Work.Apply(gid, "input", grant("apply", volume, Long.toString(gid)));
    return steps ->
        steps.reserved(
            OperationKind.APPLY,
            epoch ->
                steps.carryOut(
                    steps.order(archive, "apply", epoch, work), WorkResult.Applied.class));
  }

  Run.Script merge(String volume, String archive, long from, long to) {
    Work work =
        new Work.Merge(from, to, "input", grant("merge", volume, "%d-%d".formatted(from, to)));
    return steps ->
        steps.reserved(
            OperationKind.MERGE,
            epoch ->
                steps.carryOut(
                    steps.order(archive, "merge", epoch, work), WorkResult.Merged.class));
  }

  Run.Script deletePoint(String volume, String archive, long gid) {
    Work work =
        new Work.DeletePoint(gid, "input", grant("delete-point", volume, Long.toString(gid)));
    return steps ->
        steps.reserved(
            OperationKind.DELETE_POINT,
            epoch ->
                steps.carryOut(
                    steps.order(archive, "delete-point", epoch, work),
                    WorkResult.PointDeleted.class));
  }

  /** All points of the volume at an archive, those that are not clean too. */
  Run.Script points(String volume, String archive) {
    return steps ->
        steps.step(
            "list",
            () -> points(steps.ask(archive, new Command.ListPoints(volume), Reply.Points.class)));
  }

  private static List<Point> points(Reply.Points answer) {
    return answer.points();
  }

  Run.Script keep(String volume, String archive, long gid, boolean kept) {
    return steps ->
        steps.step(
            "keep",
            () ->
                steps.ask(archive, new Command.KeepSnapshot(volume, gid, kept), Reply.Done.class));
  }

  /** Serves a point at once (rule X8). */
  Run.Script openExport(String volume, String archive, long gid, String name, boolean writable) {
    Command open = new Command.OpenExport(volume, gid, name, writable);
    return steps -> steps.step("open", () -> steps.ask(archive, open, Reply.Exports.class));
  }

  Run.Script closeExport(String volume, String archive, String name) {
    Command close = new Command.CloseExport(volume, name);
    return steps -> steps.step("close", () -> steps.ask(archive, close, Reply.Done.class));
  }

  /** Why what an archive has of a volume does not lead on, where it does not. */
  Run.Script missing(String volume, String archive) {
    return steps -> steps.step("missing", () -> missing(steps, volume, archive));
  }

  private static Optional<String> missing(Execution steps, String volume, String archive)
      throws IOException, RefusedException, InterruptedException {
    return steps.ask(archive, new Command.ListVolumes(), Reply.Volumes.class).volumes().stream()
        .filter(facts -> facts.volume().equals(volume))
        .flatMap(facts -> facts.chain().stream())
        .flatMap(chain -> chain.missing().stream())
        .findFirst();
  }

  /** Who is not there is not kicked. */
  private static String kicked(Execution steps, String server, ProtectionRecord record)
      throws InterruptedException {
    try {
      return steps.call(server, new Command.Kick(record.volume())).toString();
    } catch (IOException e) {
      return e.toString();
    }
  }

  Run.Script kick(ProtectionRecord record) {
    List<String> servers = new ArrayList<>(record.shipping().orElseThrow().proxies());
    servers.add(record.storage());
    return steps -> {
      for (String server : servers)
        steps.step("kick " + server, () -> kicked(steps, server, record));
      return servers;
    };
  }
}
