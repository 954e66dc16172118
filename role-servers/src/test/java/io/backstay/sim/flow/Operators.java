package io.backstay.sim.flow;

import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.WorkResult;
import io.backstay.sim.Chaos;
import io.backstay.sim.Engine;
import io.backstay.sim.Outcome;
import io.backstay.sim.Run;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/** Those who start runs: what they want is chance, what they get is checked. */
final class Operators {
  /** No run ends like this, whatever goes wrong: it says that bytes are wrong, or that we are. */
  private static final Set<RefusalCode> NEVER =
      EnumSet.of(
          RefusalCode.CORRUPT,
          RefusalCode.VERIFICATION_FAILED,
          RefusalCode.VERSION_CONFLICT,
          RefusalCode.BAD_INPUT,
          RefusalCode.GRANT_REQUIRED,
          RefusalCode.OUTSIDE_ROOTS,
          RefusalCode.TARGET_CHANGED,
          RefusalCode.NOT_EMPTY,
          RefusalCode.TOO_SMALL,
          RefusalCode.UNKNOWN_VOLUME);

  private static final Duration EXPORTED_FOR = Duration.ofMinutes(20);
  private static final int LISTED_WITHIN_TRIES = 5;

  private final SimulatedGroup group;
  private final Engine engine;
  private final Chaos chaos;
  private final FlowScripts scripts;
  private final Promises promises;
  private final Restores restores;
  private final Loans loans;
  private final List<FlowVolume> volumes;
  private final RandomGenerator random;
  private final Settings settings;
  private int ids;

  /**
   * @param settings of worlds whose volumes' settings change
   */
  Operators(
      SimulatedGroup group,
      Engine engine,
      Chaos chaos,
      FlowScripts scripts,
      Promises promises,
      Restores restores,
      Loans loans,
      List<FlowVolume> volumes,
      Settings settings) {
    this.settings = settings;
    this.group = group;
    this.engine = engine;
    this.chaos = chaos;
    this.scripts = scripts;
    this.promises = promises;
    this.restores = restores;
    this.loans = loans;
    this.volumes = volumes;
    this.random = group.scheduler().splitRandom();
  }

  /** One after the other, so many runs. */
  void act(int runs, long pauseNanosMax) throws InterruptedException, IOException {
    for (int i = 0; i < runs; i++) {
      group.scheduler().sleep(random.nextLong(pauseNanosMax) + 1);
      FlowVolume volume = any(volumes);
      if (settings.isTime()) set(volume);
      act(volume);
    }
  }

  private void set(FlowVolume volume) throws InterruptedException {
    UnaryOperator<ProtectionRecord> next = settings.next(volume.record());
    volume.mayHave(next.apply(volume.record()));
    ended(
        start(
            "set-volume",
            volume,
            OperationKind.SET_VOLUME,
            scripts.setVolume(volume.record(), next)));
  }

  private void act(FlowVolume volume) throws InterruptedException, IOException {
    String archive = any(volume.record().archives());
    List<Long> gids = volume.listings().of(archive);
    int choice = random.nextInt(100);
    if (choice < 34) snapshot(volume);
    else if (choice < 45 || gids.isEmpty() && choice < 70) backUpAndRestore(volume, archive);
    else if (choice < 50) list(volume, archive);
    else if (choice < 53) kick(volume);
    else if (gids.isEmpty()) list(volume, archive);
    else if (choice < 67) restore(volume, archive, any(gids));
    else if (choice < 70) verify(volume, archive, any(gids));
    else if (choice < 80) export(volume, archive, any(gids), EXPORTED_FOR);
    else if (choice < 87) apply(volume, archive, gids);
    else if (choice < 94) merge(volume, archive, any(gids), any(gids));
    else if (choice < 96) delete(volume, archive, any(gids));
    else keep(volume, archive, any(gids), random.nextInt(3) == 0);
  }

  Run add(FlowVolume volume) throws InterruptedException {
    return ended(
        start("add-volume", volume, OperationKind.ADD_VOLUME, scripts.addVolume(volume.record())));
  }

  /** A snapshot; where nobody follows the log, somebody sees to that first. */
  Run snapshot(FlowVolume volume) throws InterruptedException {
    Optional<String> label = random.nextBoolean() ? Optional.of("label " + ids) : Optional.empty();
    Run run =
        ended(
            start(
                "snapshot",
                volume,
                OperationKind.SNAPSHOT,
                scripts.snapshot(volume.record(), label)));
    boolean follows =
        !(run.outcome().orElseThrow() instanceof Outcome.Refused(Refusal refusal)
            && refusal.code() == RefusalCode.NOT_PROTECTED);
    if (!follows) backUp(volume, any(volume.record().archives()));
    return run;
  }

  Run backUp(FlowVolume volume, String archive) throws InterruptedException {
    chaos.works(random.nextBoolean() ? archive : volume.record().storage());
    return ended(
        start(
            "full-backup",
            volume,
            OperationKind.FULL_BACKUP,
            scripts.fullBackup(volume.record(), archive, anyRate(volume))));
  }

  /** One whose point somebody wants to have as soon as it is there. */
  private void backUpAndRestore(FlowVolume volume, String archive)
      throws InterruptedException, IOException {
    Run run = backUp(volume, archive);
    if (!(run.outcome().orElseThrow() instanceof Outcome.Done(WorkResult.BackedUp done))) return;
    for (int i = 0; i < LISTED_WITHIN_TRIES; i++) {
      boolean listed = list(volume, archive).stream().anyMatch(point -> isAt(point, done.gid()));
      if (listed) {
        restore(volume, archive, done.gid());
        return;
      }
      group.scheduler().sleep(Duration.ofSeconds(3).toNanos());
    }
  }

  private static boolean isAt(Point point, long gid) {
    return point.clean() && point.gid() == gid;
  }

  /** A pace at which clients and faults have time to come, or none. */
  private long anyRate(FlowVolume volume) {
    if (random.nextInt(3) == 0) return 0;
    double seconds = Math.exp(random.nextDouble() * 5 - 1);
    return Math.max(4096, (long) (volume.record().sizeBytes() / seconds));
  }

  /** What the archive says it can restore; none where it does not say it. */
  List<Point> list(FlowVolume volume, String archive) throws InterruptedException {
    Run run =
        ended(start("list", volume, OperationKind.VERIFY, scripts.points(volume.name(), archive)));
    if (run.outcome().orElseThrow() instanceof Outcome.Done(List<?> points))
      return points.stream().map(Point.class::cast).toList();
    return List.of();
  }

  void kick(FlowVolume volume) throws InterruptedException {
    ended(start("kick", volume, OperationKind.VERIFY, scripts.kick(volume.record())));
  }

  Run restore(FlowVolume volume, String archive, long gid)
      throws InterruptedException, IOException {
    SimulatedServer from = group.server(archive);
    SimulatedServer onto = random.nextInt(3) == 0 ? group.server(volume.record().storage()) : from;
    String path = "/restore/t" + ++ids;
    Run run =
        start(
            "restore",
            volume,
            OperationKind.RESTORE,
            scripts.restore(volume.record(), archive, gid, onto, path));
    run.await();
    if (run.outcome().orElseThrow() instanceof Outcome.Done(WorkResult.Restored done))
      restores.compare(volume, done.gid(), onto.node(), path, archive);
    else requireThere(run, volume, archive, gid);
    return ended(run);
  }

  Run verify(FlowVolume volume, String archive, long gid) throws InterruptedException {
    Run run = start("verify", volume, OperationKind.VERIFY, scripts.verify(archive, gid));
    run.await();
    requireThere(run, volume, archive, gid);
    return ended(run);
  }

  private void requireThere(Run run, FlowVolume volume, String archive, long gid) {
    boolean gone =
        run.outcome().orElseThrow() instanceof Outcome.Refused(Refusal refusal)
            && refusal.code() == RefusalCode.POINT_NOT_REACHABLE;
    if (gone && !promises.mayBeGone(archive, volume, gid))
      throw new Violation(
          "3",
          "gid %d of %s was listed at %s, and %s ended as %s"
              .formatted(gid, volume.name(), archive, run, run.outcome().get()));
  }

  /** Serves a point for a while; whether it is served. */
  boolean export(FlowVolume volume, String archive, long gid, Duration atMost)
      throws InterruptedException {
    Loans.Opening opening = loans.open(volume, archive, gid);
    opening.run().await();
    requireThere(opening.run(), volume, archive, gid);
    boolean open = loans.opened(opening, atMost);
    ended(opening.run());
    return open;
  }

  /** Why what an archive has of the volume does not lead on, where it says that it does not. */
  Optional<String> missing(FlowVolume volume, String archive) throws InterruptedException {
    Run run =
        ended(
            start(
                "missing", volume, OperationKind.VERIFY, scripts.missing(volume.name(), archive)));
    return run.outcome().orElseThrow() instanceof Outcome.Done(Optional<?> said)
        ? said.map(String.class::cast)
        : Optional.empty();
  }

  /** Now and then somebody reads meanwhile, or the archive is struck in the middle. */
  private void apply(FlowVolume volume, String archive, List<Long> gids)
      throws InterruptedException, IOException {
    long gid = any(gids);
    chaos.works(archive);
    Run run =
        start("apply", volume, OperationKind.APPLY, scripts.apply(volume.name(), archive, gid));
    if (random.nextInt(3) == 0) restore(volume, archive, any(gids));
    ended(run);
  }

  private void merge(FlowVolume volume, String archive, long one, long other)
      throws InterruptedException {
    if (one == other) return;
    chaos.works(archive);
    ended(
        start(
            "merge",
            volume,
            OperationKind.MERGE,
            scripts.merge(volume.name(), archive, Math.min(one, other), Math.max(one, other))));
  }

  private void delete(FlowVolume volume, String archive, long gid) throws InterruptedException {
    ended(
        start(
            "delete-point",
            volume,
            OperationKind.DELETE_POINT,
            scripts.deletePoint(volume.name(), archive, gid)));
  }

  private void keep(FlowVolume volume, String archive, long gid, boolean kept)
      throws InterruptedException {
    ended(
        start(
            "keep", volume, OperationKind.VERIFY, scripts.keep(volume.name(), archive, gid, kept)));
  }

  private Run start(String what, FlowVolume volume, OperationKind kind, Run.Script script) {
    chaos.runBegins(engine.worker());
    return engine.start(what + "/" + volume.name() + "/" + ++ids, volume.name(), kind, script);
  }

  private Run ended(Run run) throws InterruptedException {
    run.await();
    String what = run.workflowId().substring(0, run.workflowId().indexOf('/'));
    promises.count(what + " " + word(run.outcome().orElseThrow()));
    if (run.outcome().get() instanceof Outcome.Refused(Refusal refusal)
        && NEVER.contains(refusal.code()))
      throw new Violation("9", "%s ended as %s".formatted(run, refusal));
    return run;
  }

  private static String word(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done done -> "done";
      case Outcome.Refused(Refusal refusal) -> refusal.code().word();
      case Outcome.Cancelled cancelled -> "cancelled";
      case Outcome.Terminated terminated -> "terminated";
    };
  }

  private <T> T any(List<T> some) {
    return some.get(random.nextInt(some.size()));
  }
}
