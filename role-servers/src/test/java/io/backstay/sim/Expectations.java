package io.backstay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Exclusion;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * What servers said, and what follows from it for what they may say later: points, epochs, results
 * and durable positions are never taken back (invariants 5, 8, 9).
 */
final class Expectations implements Witness {
  private final LongSupplier nanos;
  private final Map<String, VolumeModel> volumes = new TreeMap<>();
  private final Map<String, JsonNode> ended = new HashMap<>();
  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<Violation> violations = new ArrayList<>();
  private BiPredicate<String, String> committed = (volume, operation) -> false;
  private Predicate<String> cancelled = operation -> false;
  private long revision;

  Expectations(LongSupplier nanos) {
    this.nanos = nanos;
  }

  VolumeModel add(SourceVolume source) {
    VolumeModel model = new VolumeModel(source);
    volumes.put(source.name(), model);
    return model;
  }

  Map<String, VolumeModel> volumes() {
    return volumes;
  }

  VolumeModel volume(String name) {
    return volumes.get(name);
  }

  /** Whether the image of an operation is a point by now, told or not. */
  void committed(BiPredicate<String, String> test) {
    committed = test;
  }

  /** Whether the run of an operation is over because somebody asked it to stop. */
  void cancelled(Predicate<String> test) {
    cancelled = test;
  }

  /** What was heard and must not be. */
  List<Violation> violations() {
    return violations;
  }

  private void violated(String invariant, String message) {
    violations.add(new Violation(invariant, message));
  }

  // ---- what is asked and answered

  @Override
  public Before asked(String server, Peer by, Command command) {
    if (command instanceof Command.Start start) {
      VolumeModel volume = volumes.get(start.volume());
      volume.beganNanos().putIfAbsent(start.operation(), nanos.getAsLong());
      mayGo(volume, start);
      long epoch = volume.epochs().getOrDefault(server, 0L);
      return new Before(nanos.getAsLong(), epoch, revision, cancelled.test(start.operation()));
    }
    if (command instanceof Command.Reserve reserve) {
      TreeMap<Long, String> holders = new TreeMap<>(volumes.get(reserve.volume()).holders());
      return before(holders.isEmpty() ? 0 : holders.lastKey());
    }
    return before(0);
  }

  private Before before(long epoch) {
    return new Before(nanos.getAsLong(), epoch, revision, false);
  }

  /** Once asked for, a point may be gone at any time, whatever is answered. */
  private static void mayGo(VolumeModel volume, Command.Start start) {
    switch (start.work()) {
      case Work.DeletePoint delete -> volume.mayGo().add(delete.gid());
      case Work.ClearVolume clear -> {
        volume.clears().add(start.operation());
        volume.mayGo().addAll(volume.points().keySet());
        volume.mayGo().addAll(volume.told().keySet());
      }
      case Work.AddVolume other -> {}
      case Work.Resize other -> {}
      case Work.SetVolume other -> {}
      case Work.FullBackup other -> {}
      case Work.Restore other -> {}
      case Work.Verify other -> {}
      case Work.Snapshot other -> {}
      case Work.Apply other -> {}
      case Work.Merge other -> {}
    }
  }

  @Override
  public void answered(String server, Peer to, Command command, Before before, Reply reply) {
    switch (reply) {
      case Reply.Operation(OperationReport report) -> {
        if (command instanceof Command.Start start) started(server, start, before);
        reported(server, report);
      }
      case Reply.Operations(List<OperationReport> reports) ->
          reports.forEach(report -> reported(server, report));
      case Reply.Points(List<Point> points, Boolean _, var _) -> {
        String volume = ((Command.ListPoints) command).volume();
        for (Point point : points) {
          if (!volumes.get(volume).told().containsKey(point.gid()))
            told(volume, point.gid(), "listed");
        }
      }
      case Reply.Reserved reserved -> reserved((Command.Reserve) command, before, reserved);
      case Reply.CatalogRecords records -> {
        if (records.revision() < before.revision())
          violated(
              "5",
              "the catalog told of revision %d after %d"
                  .formatted(records.revision(), before.revision()));
        revision = Math.max(revision, records.revision());
      }
      case Reply.Refused refused -> count(refused.refusal().code().word());
      default -> {}
    }
  }

  void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  /**
   * How often what was seen: refusals by their word, and how images and targets were gone on with.
   */
  Map<String, Integer> counts() {
    return counts;
  }

  private void started(String server, Command.Start start, Before before) {
    VolumeModel volume = volumes.get(start.volume());
    boolean first = volume.known().add(server + " " + start.operation());
    if (first && before.over())
      violated(
          "5",
          "%s began %s after its run had ended as cancelled".formatted(server, start.operation()));
    if (start.work() instanceof Work.ClearVolume) volume.claim(Optional.empty());
    if (!Exclusion.reserves(start.work().kind())) return;
    if (first && start.epoch() < before.epoch())
      violated(
          "8",
          "%s accepted %s with epoch %d after epoch %d"
              .formatted(server, start.operation(), start.epoch(), before.epoch()));
    volume.epochs().merge(server, start.epoch(), Math::max);
  }

  private void reported(String server, OperationReport report) {
    if (report.state() == OperationReport.State.RUNNING
        || report.state() == OperationReport.State.PARKED) return;
    volumes.get(report.volume()).clears().remove(report.operation());
    String key = server + " " + report.operation();
    JsonNode end =
        Cbor.json()
            .createObjectNode()
            .put("state", report.state().name())
            .putPOJO("result", Cbor.hash(report.result()))
            .put("refusal", report.refusal().map(r -> r.code().word()).orElse(""));
    JsonNode earlier = ended.putIfAbsent(key, end);
    if (earlier != null && !earlier.equals(end))
      violated("5", "%s ended as %s and then as %s".formatted(key, earlier, end));
    if (report.result().orElse(null) instanceof WorkResult.BackedUp done) {
      told(report.volume(), done.gid(), report.operation());
      counted(report, done);
    }
  }

  /** Byte counts that can be true. */
  private void counted(OperationReport report, WorkResult.BackedUp done) {
    long size = volumes.get(report.volume()).source().sizeBytes();
    boolean right =
        done.bytesRead() == size
            && done.bytesResent() <= done.bytesSent()
            && done.bytesSent() - done.bytesResent() <= size
            && done.startedAt() <= size;
    if (!right) violated("9", "counts of %s cannot be: %s".formatted(report.operation(), done));
  }

  private void told(String name, long gid, String operation) {
    VolumeModel volume = volumes.get(name);
    // A clear that was asked for may have come, or may yet come, between the point and these words.
    if (!volume.clears().isEmpty()) volume.mayGo().add(gid);
    String other = volume.told().put(gid, operation);
    if (other != null && !other.equals("listed") && !other.equals(operation))
      violated("3", "gid %d of %s was made by %s and by %s".formatted(gid, name, other, operation));
  }

  private void reserved(Command.Reserve command, Before before, Reply.Reserved reply) {
    VolumeModel volume = volumes.get(command.volume());
    long epoch = reply.reservation().epoch();
    String holder = command.workflowId() + " " + command.originalRunId();
    String other = volume.holders().putIfAbsent(epoch, holder);
    if (other != null && !other.equals(holder))
      violated(
          "8",
          "epoch %d of %s was given to %s and to %s"
              .formatted(epoch, command.volume(), other, holder));
    if (other == null && epoch <= before.epoch())
      violated(
          "8",
          "epoch %d of %s was given after %d".formatted(epoch, command.volume(), before.epoch()));
  }

  // ---- images on their way in

  @Override
  public Before opened(String server, Message opening) {
    if (!(opening instanceof Message.OpenImage open)) return before(0);
    return before(volumes.get(open.volume()).epochs().getOrDefault(server, 0L));
  }

  /** Bytes of one state of the source may be put together, without evidence those of one run. */
  private static String key(Message.OpenImage open) {
    return open.stamp().known() ? open.stamp().evidence() : open.operation();
  }

  @Override
  public void imageResumed(
      String archive, Message.OpenImage open, Before before, Message.ImageResume resume) {
    VolumeModel volume = volumes.get(open.volume());
    if (resume.committed().isPresent()) {
      count("image committed before");
      told(open.volume(), resume.committed().get().gid(), open.operation());
      volume.claim(Optional.empty());
      return;
    }
    if (open.epoch() < before.epoch())
      violated(
          "8",
          "%s took an image of %s with epoch %d after epoch %d"
              .formatted(archive, open.volume(), open.epoch(), before.epoch()));
    volume.epochs().merge(archive, open.epoch(), Math::max);
    count(resume.offset() > 0 ? "image gone on with" : "image begun");
    long claimed =
        volume
            .claim()
            .filter(claim -> claim.key().equals(key(open)))
            .filter(claim -> !committed.test(open.volume(), claim.operation()))
            .map(VolumeModel.Claim::upTo)
            .orElse(0L);
    if (resume.offset() < claimed)
      violated(
          "9",
          "%s goes on at %d for %s, it said that %d is durable"
              .formatted(archive, resume.offset(), open.operation(), claimed));
    volume.claim(Optional.of(new VolumeModel.Claim(key(open), open.operation(), resume.offset())));
  }

  @Override
  public void imageDurable(String archive, Message.OpenImage open, long upTo) {
    VolumeModel volume = volumes.get(open.volume());
    volume.claim(Optional.of(new VolumeModel.Claim(key(open), open.operation(), upTo)));
  }

  @Override
  public void imageCommitted(String archive, Message.OpenImage open, Message.Committed committed) {
    VolumeModel volume = volumes.get(open.volume());
    volume.claim(Optional.empty());
    told(open.volume(), committed.gid(), open.operation());
    long epoch = volume.epochs().getOrDefault(archive, 0L);
    if (open.epoch() < epoch)
      violated(
          "8",
          "%s committed gid %d of %s for %s with epoch %d after epoch %d"
              .formatted(
                  archive, committed.gid(), open.volume(), open.operation(), open.epoch(), epoch));
  }
}
