package io.backstay.sim.flow;

import io.backstay.model.Exclusion;
import io.backstay.model.OperationReport;
import io.backstay.model.WorkResult;
import io.backstay.sim.Violation;
import io.backstay.sim.Witness;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * What servers said, and what follows from it: results, epochs and points are never taken back
 * (invariants 3, 5, 8).
 */
final class Promises implements Witness {
  private final LongSupplier nanos;
  private final Map<String, FlowVolume> volumes = new TreeMap<>();
  private final Map<String, Long> epochs = new HashMap<>();
  private final Set<String> known = new HashSet<>();
  private final Map<String, String> ended = new HashMap<>();

  /** What was acknowledged when an operation was first asked for, by operation. */
  private final Map<String, Long> floors = new HashMap<>();

  private final List<Violation> violations = new ArrayList<>();
  private final Map<String, Integer> counts = new TreeMap<>();

  /** Whether an archive sees all that it has. */
  private final Predicate<String> seesAll;

  Promises(LongSupplier nanos, Predicate<String> seesAll) {
    this.nanos = nanos;
    this.seesAll = seesAll;
  }

  void add(FlowVolume volume) {
    volumes.put(volume.name(), volume);
  }

  List<Violation> violations() {
    return violations;
  }

  Map<String, Integer> counts() {
    return counts;
  }

  /** Whether the archive may not find the point although it had it. */
  boolean mayBeGone(String archive, FlowVolume volume, long gid) {
    return volume.listings().mayBeGone(archive, gid) || !seesAll.test(archive);
  }

  void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  private void violated(String invariant, String message) {
    violated(new Violation(invariant, message));
  }

  /** Found where nobody would hear of it. */
  void violated(Violation violation) {
    violations.add(violation);
  }

  @Override
  public Before asked(String server, Peer by, Command command) {
    if (command instanceof Command.Start start) {
      FlowVolume volume = volumes.get(start.volume());
      floors.putIfAbsent(start.operation(), volume.history().flushing());
      volume.listings().asked(server, start.work());
    }
    if (command instanceof Command.KeepSnapshot keep && !keep.kept())
      volumes.get(keep.volume()).generations().mayBeMerged(keep.gid());
    if (command instanceof Command.ListPoints list) {
      List<Long> listed = volumes.get(list.volume()).listings().of(server);
      return new Before(nanos.getAsLong(), 0, 0, false, listed);
    }
    long epoch =
        command instanceof Command.Start start
            ? epochs.getOrDefault(server + " " + start.volume(), 0L)
            : 0;
    return new Before(nanos.getAsLong(), epoch, 0, false);
  }

  @Override
  public void answered(String server, Peer to, Command command, Before before, Reply reply) {
    try {
      hear(server, command, before, reply);
    } catch (Violation e) {
      violations.add(e);
    }
  }

  private void hear(String server, Command command, Before before, Reply reply) {
    switch (reply) {
      case Reply.Operation(OperationReport report) -> {
        if (command instanceof Command.Start start) started(server, start, before);
        reported(server, report);
      }
      case Reply.Operations(List<OperationReport> reports) ->
          reports.forEach(report -> reported(server, report));
      case Reply.Points page -> {
        Command.ListPoints list = (Command.ListPoints) command;
        boolean all =
            list.fromGid() == 0 && list.newest() == 0 && !page.more() && seesAll.test(server);
        if (all) volumes.get(list.volume()).listings().told(server, before.points(), page.points());
      }
      case Reply.Refused refused -> count(refused.refusal().code().word());
      default -> {}
    }
  }

  private void started(String server, Command.Start start, Before before) {
    boolean first = known.add(server + " " + start.operation());
    if (!Exclusion.reserves(start.work().kind())) return;
    if (first && start.epoch() < before.epoch())
      violated(
          "8",
          "%s accepted %s with epoch %d after epoch %d"
              .formatted(server, start.operation(), start.epoch(), before.epoch()));
    epochs.merge(server + " " + start.volume(), start.epoch(), Math::max);
  }

  private void reported(String server, OperationReport report) {
    if (report.running() || report.state() == OperationReport.State.PARKED) return;
    String key = server + " " + report.operation();
    String end =
        "%s %s %s"
            .formatted(
                report.state(),
                Cbor.hash(report.result()),
                report.refusal().map(r -> r.code().word()).orElse(""));
    String earlier = ended.putIfAbsent(key, end);
    if (earlier != null && !earlier.equals(end))
      violated("5", "%s ended as %s and then as %s".formatted(key, earlier, end));
    if (earlier != null || report.result().isEmpty()) return;
    FlowVolume volume = volumes.get(report.volume());
    long floor = floors.getOrDefault(report.operation(), 0L);
    switch (report.result().get()) {
      case WorkResult.SnapshotMade(var cut) -> volume.snapshot(cut, floor);
      case WorkResult.BackedUp done -> volume.generations().backedUp(done.gid(), floor);
      default -> {}
    }
  }

  // ---- images on their way in

  @Override
  public Before opened(String server, Message opening) {
    return opening instanceof Message.OpenImage open
        ? new Before(
            nanos.getAsLong(), epochs.getOrDefault(server + " " + open.volume(), 0L), 0, false)
        : new Before(nanos.getAsLong(), 0, 0, false);
  }

  @Override
  public void imageResumed(
      String archive, Message.OpenImage open, Before before, Message.ImageResume resume) {
    if (resume.committed().isPresent()) {
      count("image committed before");
      return;
    }
    count(resume.offset() > 0 ? "image gone on with" : "image begun");
    if (open.epoch() < before.epoch())
      violated(
          "8",
          "%s took an image of %s with epoch %d after epoch %d"
              .formatted(archive, open.volume(), open.epoch(), before.epoch()));
    epochs.merge(archive + " " + open.volume(), open.epoch(), Math::max);
  }

  @Override
  public void imageDurable(String archive, Message.OpenImage open, long upTo) {}

  @Override
  public void imageCommitted(String archive, Message.OpenImage open, Message.Committed committed) {}
}
