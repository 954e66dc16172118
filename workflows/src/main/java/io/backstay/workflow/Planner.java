package io.backstay.workflow;

import io.backstay.activity.RefusalFailure;
import io.backstay.activity.ServerCalls;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.VolumeKind;
import io.backstay.policy.AddVolumePlan;
import io.backstay.policy.ApplyPlan;
import io.backstay.policy.ArchiveChoice;
import io.backstay.policy.ChosenPoint;
import io.backstay.policy.ClearVolumePlan;
import io.backstay.policy.DeletePointPlan;
import io.backstay.policy.FullBackupPlan;
import io.backstay.policy.MergePlan;
import io.backstay.policy.Plan;
import io.backstay.policy.ResizePlan;
import io.backstay.policy.RestorePlan;
import io.backstay.policy.SetVolumePlan;
import io.backstay.policy.SnapshotPlan;
import io.backstay.policy.VerifyPlan;
import io.backstay.seam.DeviceFacts;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * Carries out {@link PlanActivities}: gathers the facts and lets {@code io.backstay.policy} choose.
 */
public final class Planner implements PlanActivities {
  /** State of a volume that a server has forgotten, apart from its ledger. */
  private static final String FORGOTTEN = "CLEAR";

  private final ServerCalls calls;
  private final PointLookup points;
  private final BooleanSupplier searchable;

  /**
   * @param searchable whether the search attributes are registered now
   */
  public Planner(ServerCalls calls, BooleanSupplier searchable) {
    this.calls = calls;
    this.points = new PointLookup(calls);
    this.searchable = searchable;
  }

  private interface Choice<T> {
    T make() throws RefusedException;
  }

  private static <T> T chosen(Choice<T> choice) {
    try {
      return choice.make();
    } catch (RefusedException e) {
      throw RefusalFailure.of(e.refusal());
    }
  }

  private Plan.Head head() {
    return Plan.Head.now(searchable.getAsBoolean());
  }

  @Override
  public FullBackupPlan fullBackup(FullBackup.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    long rate = Rate.bytesPerSecond(input.rateLimit());
    return chosen(() ->
        FullBackupPlan.choose(
            head(), calls.catalog(), record, Optional.ofNullable(input.archive()), rate));
  }

  @Override
  public RestorePlan restore(Restore.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    Place to = Place.parse("target", input.to());
    long rate = Rate.bytesPerSecond(input.rateLimit());
    String archive = archive(record, input.archive());
    ChosenPoint point = points.find(archive, record.volume(), input.which().wanted(record));
    return chosen(() ->
        RestorePlan.choose(
            head(), calls.catalog(), record, archive, point, to.node(), to.path(), rate));
  }

  @Override
  public VerifyPlan verify(VerifyRestore.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    String archive = archive(record, input.archive());
    ChosenPoint chosen = points.find(archive, record.volume(), input.which().wanted(record));
    Point point = chosen.point();
    return new VerifyPlan(
        head(),
        record.volume(),
        archive,
        point.gid(),
        point.sizeBytes(),
        point.time(),
        chosen.gap());
  }

  private String archive(ProtectionRecord record, String named) {
    return chosen(
        () -> ArchiveChoice.of(calls.catalog(), record, Optional.ofNullable(named)).name());
  }

  @Override
  public AddVolumePlan addVolume(AddVolume.Input input, String run) {
    AddVolumePlan.Wanted wanted = input.wanted();
    CatalogView view = calls.catalog();
    AddVolumePlan.Parties parties = chosen(() -> AddVolumePlan.servers(view, wanted));
    AddVolumePlan.Found found = found(wanted, parties.storage().name());
    Optional<ProtectionRecord> existing = Optional.ofNullable(view.volumes().get(input.volume()));
    Set<String> knowing =
        existing.isEmpty() ? new TreeSet<>() : knowing(input.volume(), parties.taking());
    // A run that was reset after it was over comes to the result that it had (rule K3).
    knowing.removeIf(server -> tookFor(run, server, input.volume()));
    return chosen(() -> AddVolumePlan.choose(head(), wanted, parties, found, existing, knowing));
  }

  private AddVolumePlan.Found found(AddVolumePlan.Wanted wanted, String storage) {
    if (wanted.log().isEmpty())
      return new AddVolumePlan.Found(
          examine(storage, wanted.device().orElseThrow()), Optional.empty());
    Reply.OwnPlace own =
        calls.ask(storage, new Command.FindOwnPlace(wanted.volume()), Reply.OwnPlace.class);
    DeviceFacts log = examine(storage, wanted.log().get().path().orElse(own.log()));
    DeviceFacts device = examine(storage, wanted.device().orElse(own.data()));
    return new AddVolumePlan.Found(device, Optional.of(log));
  }

  private DeviceFacts examine(String storage, String path) {
    return calls.ask(storage, new Command.ExamineDevice(path), Reply.DeviceFound.class).facts();
  }

  /** Whether the server took the volume for this very run: then it answers the same start again. */
  private boolean tookFor(String run, String server, String volume) {
    String operation = run + "/" + AddVolume.Input.step(server);
    return calls.asked(server, new Command.Watch(operation, volume))
            instanceof Reply.Operation known
        && known.report().state() == OperationReport.State.DONE;
  }

  @Override
  public ClearVolumePlan clearVolume(ClearVolume.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    TreeSet<String> servers = new TreeSet<>(record.archives());
    servers.add(record.storage());
    return ClearVolumePlan.choose(head(), record, knowing(input.volume(), List.copyOf(servers)));
  }

  /** Which of these servers have the volume. */
  private Set<String> knowing(String volume, List<String> servers) {
    return facts(volume, servers).keySet();
  }

  /** What those of these servers that have the volume say of it. */
  private Map<String, Reply.VolumeFacts> facts(String volume, List<String> servers) {
    Map<String, Reply.VolumeFacts> facts = new TreeMap<>();
    for (String server : servers) {
      calls.ask(server, new Command.ListVolumes(), Reply.Volumes.class).volumes().stream()
          .filter(it -> it.volume().equals(volume) && !it.state().equals(FORGOTTEN))
          .forEach(it -> facts.put(server, it));
    }
    return facts;
  }

  @Override
  public ResizePlan resize(Resize.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    List<String> servers = new ArrayList<>(record.archives());
    servers.add(record.storage());
    ResizePlan.Found found =
        new ResizePlan.Found(givenDevice(record), facts(record.volume(), servers));
    return chosen(() -> ResizePlan.choose(head(), record, input.sizeBytes(), found));
  }

  @Override
  public SetVolumePlan setVolume(SetVolume.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    String storage = record.storage();
    Optional<Reply.VolumeFacts> source =
        Optional.ofNullable(facts(record.volume(), List.of(storage)).get(storage));
    return chosen(
        () -> SetVolumePlan.choose(head(), calls.catalog(), record, input.wanted(), source));
  }

  private Optional<DeviceFacts> givenDevice(ProtectionRecord record) {
    if (record.kind() == VolumeKind.LOGGED) {
      Reply.OwnPlace own =
          calls.ask(
              record.storage(), new Command.FindOwnPlace(record.volume()), Reply.OwnPlace.class);
      if (own.data().equals(record.device())) return Optional.empty();
    }
    return Optional.of(examine(record.storage(), record.device()));
  }

  @Override
  public DeletePointPlan deletePoint(DeletePoint.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    return new DeletePointPlan(head(), record.volume(), record.primary(), input.gid());
  }

  @Override
  public SnapshotPlan snapshot(Snapshot.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    return chosen(() -> SnapshotPlan.choose(head(), record));
  }

  @Override
  public ApplyPlan apply(Apply.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    String archive =
        chosen(
            () -> ApplyPlan.archive(calls.catalog(), record, Optional.ofNullable(input.archive())));
    Point point = points.find(archive, record.volume(), input.which().wanted(record)).point();
    return new ApplyPlan(head(), record.volume(), archive, point.gid(), point.time());
  }

  @Override
  public MergePlan merge(Merge.Input input) {
    ProtectionRecord record = calls.volume(input.volume());
    return chosen(() ->
        MergePlan.choose(
            head(),
            calls.catalog(),
            record,
            Optional.ofNullable(input.archive()),
            input.fromGid(),
            input.toGid()));
  }
}
