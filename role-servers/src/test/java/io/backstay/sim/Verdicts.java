package io.backstay.sim;

import io.backstay.model.OperationKind;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.WorkResult;
import java.io.IOException;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;

/** Whether a run may have ended as it did, given what happened meanwhile. */
final class Verdicts {
  private final Engine engine;
  private final Expectations expectations;
  private final Inspection inspection;
  private final Chaos chaos;

  /** Restores to where others restore, too. */
  private final Set<Run> sharing = new HashSet<>();

  Verdicts(Engine engine, Expectations expectations, Inspection inspection, Chaos chaos) {
    this.engine = engine;
    this.expectations = expectations;
    this.inspection = inspection;
    this.chaos = chaos;
  }

  /** Another run restores to where this one does, or did: it may come first. */
  void sharesItsTarget(Run restore) {
    sharing.add(restore);
  }

  /**
   * @param gid of a run on one point, else -1
   */
  void check(Run run, long gid) throws IOException {
    expectations.count(run.kind().word() + " " + word(run.outcome().orElseThrow()));
    switch (run.outcome().orElseThrow()) {
      case Outcome.Done(Object result) -> done(run, result);
      case Outcome.Refused(Refusal refusal) -> refused(run, gid, refusal);
      case Outcome.Cancelled cancelled -> {
        if (!run.cancelRequested())
          throw new Violation("9", run + " was cancelled and nobody asked for it");
      }
      case Outcome.Terminated terminated -> {}
    }
    inspection.archive();
  }

  private static String word(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done done -> "done";
      case Outcome.Refused(Refusal refusal) -> refusal.code().word();
      case Outcome.Cancelled cancelled -> "cancelled";
      case Outcome.Terminated terminated -> "terminated";
    };
  }

  private void done(Run run, Object result) {
    VolumeModel volume = expectations.volume(run.volume());
    switch (result) {
      case WorkResult.Restored restored -> readable(run, volume, restored.gid());
      case WorkResult.Verified verified -> readable(run, volume, verified.gid());
      default -> {}
    }
  }

  private static void readable(Run run, VolumeModel volume, long gid) {
    if (volume.mustBeFoundRotten(gid, run.beganNanos()))
      throw new Violation(
          "3",
          "%s found nothing wrong with gid %d, of which a bit was flipped".formatted(run, gid));
  }

  private void refused(Run run, long gid, Refusal refusal) {
    if (mayBe(run, gid).contains(refusal.code())) return;
    throw new Violation(
        "9", "%s may not end as %s, may be %s".formatted(run, refusal, mayBe(run, gid)));
  }

  private Set<RefusalCode> mayBe(Run run, long gid) {
    EnumSet<RefusalCode> may = EnumSet.noneOf(RefusalCode.class);
    VolumeModel volume = expectations.volume(run.volume());
    boolean cleared = beside(run, OperationKind.CLEAR_VOLUME) || everZombies();
    if (reserves(run.kind()) && anyBeside(run)) may.add(RefusalCode.ALREADY_RUNNING);
    if (run.kind() != OperationKind.ADD_VOLUME && !isThere(run))
      may.add(RefusalCode.UNKNOWN_VOLUME);
    if (cleared) may.add(RefusalCode.UNKNOWN_VOLUME);
    if (everZombies()) {
      // What a run that was ended left behind may still run when the next one comes.
      may.add(RefusalCode.WRONG_STATE);
      may.add(RefusalCode.HELD);
    }
    switch (run.kind()) {
      case FULL_BACKUP -> {
        if (volume.source().changedBetween(run.beganNanos(), run.endedNanos()))
          may.add(RefusalCode.SOURCE_CHANGED);
      }
      case RESTORE, VERIFY -> {
        if (volume.mayGo().contains(gid) || !wasThere(volume, gid, run))
          may.add(RefusalCode.POINT_NOT_REACHABLE);
        if (volume.rotten().contains(gid)) {
          may.add(RefusalCode.CORRUPT);
          if (run.kind() == OperationKind.VERIFY) may.add(RefusalCode.VERIFICATION_FAILED);
        }
        if (cleared) may.add(RefusalCode.WRONG_STATE);
        if (sharing.contains(run)) may.add(RefusalCode.NOT_EMPTY);
      }
      case DELETE_POINT -> {
        may.add(RefusalCode.NEWEST_POINT);
        if (volume.mayGo().containsAll(volume.told().keySet())) may.add(RefusalCode.WRONG_STATE);
        if (!wasThere(volume, gid, run) || othersDelete(volume))
          may.add(RefusalCode.POINT_NOT_REACHABLE);
        if (beside(run, OperationKind.RESTORE) || beside(run, OperationKind.VERIFY))
          may.add(RefusalCode.HELD);
      }
      case CLEAR_VOLUME -> {
        if (beside(run, OperationKind.RESTORE) || beside(run, OperationKind.VERIFY)) {
          may.add(RefusalCode.HELD);
          may.add(RefusalCode.WRONG_STATE);
        }
      }
      case ADD_VOLUME -> may.add(RefusalCode.ALREADY_EXISTS);
      case HASH_BACKUP -> {}
    }
    boolean granted =
        run.kind() == OperationKind.DELETE_POINT || run.kind() == OperationKind.CLEAR_VOLUME;
    // A grant is over after two hours of whoever's clock.
    boolean late =
        chaos.counts().containsKey(Fault.CLOCK_JUMP)
            || run.endedNanos() - run.beganNanos() > 3_600_000_000_000L;
    if (granted && late) may.add(RefusalCode.NOT_AUTHORISED);
    return may;
  }

  /** Whether the point was there when the run began. */
  private static boolean wasThere(VolumeModel volume, long gid, Run run) {
    PointModel point = volume.points().get(gid);
    return point != null && point.seenNanos() <= run.beganNanos();
  }

  /** Whether more than one run deletes points of the volume. */
  private boolean othersDelete(VolumeModel volume) {
    return engine.runs().stream()
            .filter(run ->
                run.volume().equals(volume.name())
                    && (run.kind() == OperationKind.DELETE_POINT
                        || run.kind() == OperationKind.CLEAR_VOLUME))
            .count()
        > 1;
  }

  private static boolean reserves(OperationKind kind) {
    return io.backstay.model.Exclusion.reserves(kind);
  }

  /** Whether there may be workers, or operations, of runs that are over. */
  private boolean everZombies() {
    return chaos.counts().containsKey(Fault.TERMINATE)
        || chaos.counts().containsKey(Fault.WORKER_SILENCE)
        || chaos.counts().containsKey(Fault.CANCEL);
  }

  private boolean isThere(Run run) {
    return engine.runs().stream()
        .noneMatch(other ->
            other.kind() == OperationKind.CLEAR_VOLUME && other.volume().equals(run.volume()));
  }

  private boolean beside(Run run, OperationKind kind) {
    return engine.runs().stream()
        .anyMatch(other ->
            other != run
                && other.kind() == kind
                && other.volume().equals(run.volume())
                && other.beganNanos() <= run.endedNanos()
                && run.beganNanos() <= other.endedNanos());
  }

  private boolean anyBeside(Run run) {
    for (OperationKind kind : OperationKind.values()) {
      if (reserves(kind) && beside(run, kind)) return true;
    }
    return false;
  }
}
