package io.backstay.sim;

import static io.backstay.model.Work.Overwrite.ONLY_EMPTY;

import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Those who start runs: what they want is chance, what they get is checked. */
final class Users {
  private final SimulatedGroup group;
  private final Engine engine;
  private final Scripts scripts;
  private final Expectations expectations;
  private final Inspection inspection;
  private final Verdicts verdicts;
  private final Chaos chaos;
  private final RandomGenerator random;
  private final List<BegunRestore> restores = new ArrayList<>();
  private int ids;

  private record Restoring(SimulatedServer onto, String path) {}

  private record BegunRestore(Restoring target, Run run) {}

  Users(
      SimulatedGroup group,
      Engine engine,
      Expectations expectations,
      Inspection inspection,
      Verdicts verdicts,
      Chaos chaos) {
    this.group = group;
    this.engine = engine;
    this.scripts = new Scripts(group);
    this.expectations = expectations;
    this.inspection = inspection;
    this.verdicts = verdicts;
    this.chaos = chaos;
    this.random = group.scheduler().splitRandom();
  }

  /** One after the other, so many runs. */
  void act(int runs) throws InterruptedException, IOException {
    for (int i = 0; i < runs; i++) {
      group.scheduler().sleep(random.nextLong(Duration.ofMillis(500).toNanos()) + 1);
      VolumeModel volume = anyVolume();
      if (random.nextInt(4) > 0) awaitQuiet(volume);
      int choice = random.nextInt(100);
      List<Long> gids = inspection.gids(volume);
      if (choice < 30 || gids.isEmpty() && choice < 90) backUp(volume);
      else if (choice < 38) twoAtOnce(volume);
      else if (choice < 58) restore(volume, anyGid(gids));
      else if (choice < 60) restoreAgain(volume, anyGid(gids));
      else if (choice < 68) verify(volume, anyGid(gids));
      else if (choice < 76) delete(volume, anyGid(gids));
      else if (choice < 93) deleteWhileRead(volume, anyGid(gids));
      else clearAndAdd(volume);
    }
  }

  /** Most people look first whether somebody else works on a volume. */
  private void awaitQuiet(VolumeModel volume) throws InterruptedException {
    for (int i = 0; i < 60 && isBusy(volume); i++) group.scheduler().sleep(1_000_000_000L);
  }

  private boolean isBusy(VolumeModel volume) {
    return engine.runs().stream()
        .anyMatch(run ->
            run.isOpen() && run.volume().equals(volume.name()) && Exclusion.reserves(run.kind()));
  }

  private VolumeModel anyVolume() {
    List<VolumeModel> volumes = List.copyOf(expectations.volumes().values());
    return volumes.get(random.nextInt(volumes.size()));
  }

  /** Mostly one that is there, and more often an old one than the newest. */
  private long anyGid(List<Long> gids) {
    if (gids.isEmpty() || random.nextInt(20) == 0) return random.nextInt(5);
    int many = gids.size() > 1 && random.nextBoolean() ? gids.size() - 1 : gids.size();
    return gids.get(random.nextInt(many));
  }

  Run add(VolumeModel volume) throws InterruptedException, IOException {
    Run run =
        start("add-volume", volume, OperationKind.ADD_VOLUME, scripts.addVolume(volume.source()));
    return ended(run, -1);
  }

  Run backUp(VolumeModel volume) throws InterruptedException, IOException {
    return ended(beginBackup(volume), -1);
  }

  private Run beginBackup(VolumeModel volume) {
    return beginBackup(volume, anyRate(volume));
  }

  Run beginBackup(VolumeModel volume, long bytesPerSecondMax) {
    return start(
        "full-backup",
        volume,
        OperationKind.FULL_BACKUP,
        scripts.fullBackup(volume.name(), bytesPerSecondMax));
  }

  private void twoAtOnce(VolumeModel volume) throws InterruptedException, IOException {
    Run one = beginBackup(volume);
    if (random.nextBoolean()) group.scheduler().sleep(random.nextLong(1_000_000_000L) + 1);
    Run other = beginBackup(volume);
    ended(one, -1);
    ended(other, -1);
  }

  /** To where nothing is. */
  Run restore(VolumeModel volume, long gid) throws InterruptedException, IOException {
    List<SimulatedServer> servers =
        List.of(group.archive(), group.archive(), group.receiver(), group.storage());
    SimulatedServer onto = servers.get(random.nextInt(servers.size()));
    Restoring target = new Restoring(onto, "/restore/t" + ++ids);
    Run run = restore(volume, gid, target, ONLY_EMPTY);
    restores.add(new BegunRestore(target, run));
    ended(run, gid);
    if (run.outcome().orElseThrow() instanceof Outcome.Done(WorkResult.Restored done))
      inspection.restored(
          new RestoreModel(
              run.runId(),
              target.onto().node(),
              target.path(),
              volume.points().get(done.gid()).image()));
    return run;
  }

  /** To where another restore wrote, or still writes. */
  private void restoreAgain(VolumeModel volume, long gid) throws InterruptedException {
    if (restores.isEmpty()) return;
    BegunRestore begun = restores.get(random.nextInt(restores.size()));
    verdicts.sharesItsTarget(begun.run());
    restore(
            volume,
            gid,
            begun.target(),
            random.nextBoolean() ? Work.Overwrite.OVERWRITE : ONLY_EMPTY)
        .await();
  }

  private Run restore(VolumeModel volume, long gid, Restoring target, Work.Overwrite overwrite) {
    inspection.pathUsed(target.onto().node(), target.path());
    return start(
        "restore",
        volume,
        OperationKind.RESTORE,
        scripts.restore(
            volume.name(), gid, target.onto(), target.path(), overwrite, anyRate(volume)));
  }

  /** A pace at which faults have time to come, or none. */
  private long anyRate(VolumeModel volume) {
    if (random.nextInt(4) == 0) return 0;
    double seconds = Math.exp(random.nextDouble() * 5 - 2);
    return Math.max(4096, (long) (volume.source().sizeBytes() / seconds));
  }

  Run verify(VolumeModel volume, long gid) throws InterruptedException, IOException {
    return ended(beginVerify(volume, gid), gid);
  }

  Run beginVerify(VolumeModel volume, long gid) {
    return start(
        "verify",
        volume,
        OperationKind.VERIFY,
        scripts.verify(volume.name(), gid, anyRate(volume)));
  }

  private void delete(VolumeModel volume, long gid) throws InterruptedException, IOException {
    Run run =
        start(
            "delete-point",
            volume,
            OperationKind.DELETE_POINT,
            scripts.deletePoint(volume.name(), gid));
    ended(run, gid);
  }

  /** A point is restored or verified, slowly, and somebody wants it gone meanwhile. */
  private void deleteWhileRead(VolumeModel volume, long gid)
      throws InterruptedException, IOException {
    Run reading =
        random.nextBoolean()
            ? beginVerify(volume, gid)
            : restore(
                volume, gid, new Restoring(group.receiver(), "/restore/d" + ++ids), ONLY_EMPTY);
    group.scheduler().sleep(random.nextLong(Duration.ofSeconds(3).toNanos()) + 1);
    if (random.nextInt(4) == 0) clearAndAdd(volume);
    else delete(volume, gid);
    ended(reading, gid);
  }

  private void clearAndAdd(VolumeModel volume) throws InterruptedException, IOException {
    Run clear =
        start(
            "clear-volume", volume, OperationKind.CLEAR_VOLUME, scripts.clearVolume(volume.name()));
    ended(clear, -1);
    add(volume);
  }

  private Run start(String what, VolumeModel volume, OperationKind kind, Run.Script script) {
    chaos.runBegins(engine.worker());
    return engine.start(what + "/" + volume.name() + "/" + ++ids, volume.name(), kind, script);
  }

  private Run ended(Run run, long gid) throws InterruptedException, IOException {
    run.await();
    verdicts.check(run, gid);
    // Somebody ended it behind its back, and wants it done all the same.
    boolean again = run.outcome().orElseThrow() instanceof Outcome.Terminated;
    if (again && run.kind() == OperationKind.FULL_BACKUP && random.nextInt(4) > 0)
      backUp(expectations.volume(run.volume()));
    return run;
  }
}
