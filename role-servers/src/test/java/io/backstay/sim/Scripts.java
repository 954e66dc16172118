package io.backstay.sim;

import io.backstay.model.Grant;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The six runs, in the order of steps that the product's workflows have. */
final class Scripts {
  private static final Duration GRANTED_FOR = Duration.ofHours(2);

  private final SimulatedGroup group;
  private long nonces;

  Scripts(SimulatedGroup group) {
    this.group = group;
  }

  /** An operator allows one destructive step. */
  private Signed grant(String command, String volume, String target) {
    return group
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
                "nonce-" + ++nonces));
  }

  Run.Script fullBackup(String volume, long bytesPerSecondMax) {
    Work work =
        new Work.FullBackup(group.archive().name(), group.archive().address(), bytesPerSecondMax);
    return steps ->
        steps.reserved(
            OperationKind.FULL_BACKUP,
            epoch -> {
              steps.step("plan", () -> known(steps, volume));
              return steps.carryOut(
                  steps.order("s0", "full-backup", epoch, work), WorkResult.BackedUp.class);
            });
  }

  private static ProtectionRecord known(Execution steps, String volume)
      throws IOException, RefusedException, InterruptedException {
    return record(steps, volume)
        .orElseThrow(() -> new RefusedException(RefusalCode.UNKNOWN_VOLUME, "no " + volume));
  }

  private static Optional<ProtectionRecord> record(Execution steps, String volume)
      throws IOException, RefusedException, InterruptedException {
    Reply.CatalogRecords records =
        steps.ask("c0", new Command.ReadCatalog(), Reply.CatalogRecords.class);
    for (Signed signed : records.protections()) {
      ProtectionRecord record = Cbor.read(signed.content().toArray(), ProtectionRecord.class);
      if (record.volume().equals(volume)) return Optional.of(record);
    }
    return Optional.empty();
  }

  private static boolean knows(Execution steps, String server, String volume)
      throws IOException, RefusedException, InterruptedException {
    return steps.ask(server, new Command.ListVolumes(), Reply.Volumes.class).volumes().stream()
        .anyMatch(facts -> facts.volume().equals(volume) && !facts.state().equals("CLEAR"));
  }

  private record AddPlan(ProtectionRecord record, List<String> servers, boolean begun) {}

  Run.Script addVolume(SourceVolume source) {
    return steps -> steps.reserved(OperationKind.ADD_VOLUME, epoch -> added(steps, source, epoch));
  }

  private AddPlan added(Execution steps, SourceVolume source, long epoch)
      throws RefusedException, Run.CancelledException, InterruptedException {
    AddPlan plan = steps.step("plan", () -> planned(steps, source));
    List<String> taken = new ArrayList<>();
    try {
      Signed signed =
          steps
              .step(
                  "write the record",
                  () ->
                      steps.ask(
                          "c0",
                          new Command.WriteProtection(epoch, plan.record()),
                          Reply.SignedRecord.class))
              .record();
      for (String server : plan.servers()) {
        steps.carryOut(
            steps.order(server, "add-volume/" + server, epoch, new Work.AddVolume(signed)),
            WorkResult.VolumeAdded.class);
        taken.add(server);
      }
    } catch (RefusedException e) {
      if (!plan.begun() && e.refusal().code() != RefusalCode.SUPERSEDED)
        undo(steps, source.name(), taken, epoch);
      throw e;
    } catch (Run.CancelledException e) {
      if (!plan.begun()) undo(steps, source.name(), taken, epoch);
      throw e;
    }
    return plan;
  }

  private static AddPlan planned(Execution steps, SourceVolume source)
      throws IOException, RefusedException, InterruptedException {
    Optional<ProtectionRecord> existing = record(steps, source.name());
    List<String> servers = new ArrayList<>();
    for (String server : List.of("s0", "a0")) {
      if (existing.isEmpty() || !knows(steps, server, source.name())) servers.add(server);
    }
    if (servers.isEmpty())
      throw new RefusedException(RefusalCode.ALREADY_EXISTS, "there is " + source.name());
    ProtectionRecord record =
        new ProtectionRecord(
            1,
            source.name(),
            VolumeKind.PLAIN,
            source.sizeBytes(),
            source.path(),
            "s0",
            List.of("a0"),
            "a0");
    return new AddPlan(existing.orElse(record), servers, existing.isPresent());
  }

  private static void undo(Execution steps, String volume, List<String> taken, long epoch)
      throws RefusedException, Run.CancelledException, InterruptedException {
    Work work = new Work.ClearVolume("input", Optional.empty());
    for (String server : taken.reversed())
      steps.detachedOrder(
          steps.order(server, "undo-add-volume/" + server, epoch, work),
          WorkResult.VolumeCleared.class);
    steps.detached(
        "undo the record",
        () -> steps.ask("c0", new Command.RemoveProtection(epoch, volume), Reply.Done.class));
  }

  Run.Script clearVolume(String volume) {
    Work work = new Work.ClearVolume("input", Optional.of(grant("clear-volume", volume, "")));
    return steps ->
        steps.reserved(
            OperationKind.CLEAR_VOLUME,
            epoch -> {
              List<String> servers = steps.step("plan", () -> knowing(steps, volume));
              for (String server : servers)
                steps.carryOut(
                    steps.order(server, "clear-volume/" + server, epoch, work),
                    WorkResult.VolumeCleared.class);
              return steps.step(
                  "remove the record",
                  () ->
                      steps.ask(
                          "c0", new Command.RemoveProtection(epoch, volume), Reply.Done.class));
            });
  }

  private static List<String> knowing(Execution steps, String volume)
      throws IOException, RefusedException, InterruptedException {
    List<String> servers = new ArrayList<>();
    for (String server : List.of("a0", "s0")) {
      if (knows(steps, server, volume)) servers.add(server);
    }
    return servers;
  }

  Run.Script deletePoint(String volume, long gid) {
    Work work =
        new Work.DeletePoint(
            gid, "input", Optional.of(grant("delete-point", volume, Long.toString(gid))));
    return steps ->
        steps.reserved(
            OperationKind.DELETE_POINT,
            epoch ->
                steps.carryOut(
                    steps.order("a0", "delete-point", epoch, work), WorkResult.PointDeleted.class));
  }

  /**
   * @param onto the server on whose node the target lies: the archive, or a storage that receives
   */
  Run.Script restore(
      String volume,
      long gid,
      SimulatedServer onto,
      String path,
      Work.Overwrite overwrite,
      long bytesPerSecondMax) {
    Optional<Work.Receiver> receiver =
        onto.equals(group.archive())
            ? Optional.empty()
            : Optional.of(new Work.Receiver(onto.name(), onto.address()));
    Optional<Signed> grant =
        overwrite == Work.Overwrite.OVERWRITE
            ? Optional.of(grant("restore", volume, path))
            : Optional.empty();
    Work work =
        new Work.Restore(
            gid, onto.node().name(), receiver, path, overwrite, bytesPerSecondMax, "input", grant);
    return steps ->
        steps.holding(steps.orderHolding("a0", "restore", gid, work), WorkResult.Restored.class);
  }

  Run.Script verify(String volume, long gid, long bytesPerSecondMax) {
    Work work = new Work.Verify(gid, bytesPerSecondMax);
    return steps ->
        steps.holding(steps.orderHolding("a0", "verify", gid, work), WorkResult.Verified.class);
  }
}
