package io.backstay.sim.flow;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.model.WorkResult;
import io.backstay.sim.Engine;
import io.backstay.sim.Outcome;
import io.backstay.sim.Run;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * What must come to be when nothing goes wrong any more (invariant 6): every volume is followed by
 * all of its archives, what was promised is restorable, what can be restored is right.
 */
final class Settlement {
  private static final Duration SERVES_WITHIN = Duration.ofMinutes(30);
  private static final Duration ARRIVES_WITHIN = Duration.ofHours(2);

  /** Until they are asked for. */
  private static final Duration LENT_FOR = Duration.ofDays(100);

  private final SimulatedGroup group;
  private final Engine engine;
  private final Operators operators;
  private final Custody custody;
  private final Loans loans;
  private final Length length;
  private final RandomGenerator random;

  Settlement(
      SimulatedGroup group,
      Engine engine,
      Operators operators,
      Custody custody,
      Loans loans,
      Length length) {
    this.group = group;
    this.engine = engine;
    this.operators = operators;
    this.custody = custody;
    this.loans = loans;
    this.length = length;
    this.random = group.scheduler().splitRandom();
  }

  interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  void await(String what, Duration atMost, Condition condition)
      throws IOException, InterruptedException {
    long until = group.scheduler().nanos() + atMost.toNanos();
    while (!condition.holds()) {
      if (group.scheduler().nanos() > until)
        throw new Violation(
            "9",
            "%s: not so after %s; open are %s; servers %s\n%s"
                .formatted(what, atMost, open(), starts(), group.scheduler().stacks()));
      group.scheduler().sleep(Duration.ofSeconds(5).toNanos());
    }
  }

  private List<Run> open() {
    return engine.runs().stream().filter(Run::isOpen).toList();
  }

  private List<String> starts() {
    return group.servers().stream()
        .map(server ->
            server.name() + (server.isServing() ? " serves" : " does not: " + server.failedStart()))
        .toList();
  }

  /**
   * @param restores of each volume from each archive
   */
  void settle(List<FlowVolume> volumes, int restores) throws IOException, InterruptedException {
    await(
        "all servers serve",
        SERVES_WITHIN,
        () -> group.servers().stream().allMatch(SimulatedServer::isServing));
    for (FlowVolume volume : volumes)
      await(
          volume.name() + " is served",
          SERVES_WITHIN,
          () -> group.export(group.server(volume.record().storage()), volume.name()).isPresent());
    // What a run left that was terminated may bring an image between any two steps of what follows.
    nothingRuns(volumes);
    for (FlowVolume volume : volumes) follow(volume);
    for (FlowVolume volume : volumes) {
      Cut last = newest(volume);
      for (String archive : volume.record().archives()) arrive(volume, archive, last);
    }
    for (FlowVolume volume : volumes) {
      for (String archive : volume.record().archives()) restoreSome(volume, archive, restores);
      await("the spools are empty", ARRIVES_WITHIN, () -> spooled(volume).isEmpty());
    }
    nothingRuns(volumes);
  }

  /** Every archive has an image of the session that the storage is in. */
  private void follow(FlowVolume volume) throws IOException, InterruptedException {
    Run first = operators.snapshot(volume);
    // Where nobody followed the log somebody saw to that.
    boolean done = first.outcome().orElseThrow() instanceof Outcome.Done;
    Cut cut = done(done ? first : operators.snapshot(volume), WorkResult.SnapshotMade.class).cut();
    for (String archive : volume.record().archives()) {
      if (images(volume, archive, cut.session()).isEmpty())
        done(operators.backUp(volume, archive), WorkResult.BackedUp.class);
      else mendHole(volume, archive, cut.session());
    }
  }

  /**
   * A snapshot that every archive can have; a log that was given up since, by what clients had
   * still asked for, begins anew.
   */
  private Cut newest(FlowVolume volume) throws IOException, InterruptedException {
    Run run = operators.snapshot(volume);
    while (!isFollowed(volume, run)) {
      follow(volume);
      run = operators.snapshot(volume);
    }
    return done(run, WorkResult.SnapshotMade.class).cut();
  }

  private boolean isFollowed(FlowVolume volume, Run snapshot) throws IOException {
    if (!(snapshot.outcome().orElseThrow() instanceof Outcome.Done)) return false;
    int session = done(snapshot, WorkResult.SnapshotMade.class).cut().session();
    for (String archive : volume.record().archives())
      if (images(volume, archive, session).isEmpty()) return false;
    return true;
  }

  /** What a proxy lost with its disk is said, and the next full backup goes on behind it. */
  private void mendHole(FlowVolume volume, String archive, int session)
      throws IOException, InterruptedException {
    if (custody.mayBeLost(volume, session).isEmpty()) return;
    Cut probe = done(operators.snapshot(volume), WorkResult.SnapshotMade.class).cut();
    await(
        "%s of %s is restorable at %s, or what is missing is said"
            .formatted(probe, volume.name(), archive),
        ARRIVES_WITHIN,
        () -> isListed(volume, archive, probe) || operators.missing(volume, archive).isPresent());
    Optional<String> missing = operators.missing(volume, archive);
    if (missing.isEmpty()) return;
    group.say("%s says of %s: %s".formatted(archive, volume.name(), missing.get()));
    done(operators.backUp(volume, archive), WorkResult.BackedUp.class);
  }

  private boolean isListed(FlowVolume volume, String archive, Cut cut) throws InterruptedException {
    return clean(operators.list(volume, archive)).contains(cut.gid());
  }

  private static <T> T done(Run run, Class<T> type) {
    if (run.outcome().orElseThrow() instanceof Outcome.Done(Object result))
      return type.cast(result);
    throw new Violation("9", "%s ended as %s".formatted(run, run.outcome().get()));
  }

  /** An image: it is exact with the log between two gids. */
  private record Base(long begin, long end) {
    /**
     * @param lost steps that nobody may have
     */
    boolean leadsTo(long gid, NavigableSet<Long> lost) {
      return end <= gid && lost.subSet(begin, false, Math.max(begin, gid), true).isEmpty();
    }
  }

  /** Images of a session at an archive. */
  private List<Base> images(FlowVolume volume, String archive, int session) throws IOException {
    List<Base> bases = new ArrayList<>();
    Optional<JsonNode> meta =
        group.server(archive).node().metadata("metadata", "volumes", volume.name());
    if (meta.isEmpty()) return bases;
    for (JsonNode image : meta.get().path("images")) {
      JsonNode base = image.path("base");
      if (base.path("session").path("number").asInt(-1) == session)
        bases.add(new Base(base.at("/begin/gid").asLong(), base.at("/end/gid").asLong()));
    }
    return bases;
  }

  private void arrive(FlowVolume volume, String archive, Cut last)
      throws IOException, InterruptedException {
    await(
        "%s of %s is restorable at %s".formatted(last, volume.name(), archive),
        ARRIVES_WITHIN,
        () -> isListed(volume, archive, last));
    // A proxy that was away may bring older ones only now.
    await(
        "what was promised of %s is restorable at %s".formatted(volume.name(), archive),
        ARRIVES_WITHIN,
        () -> notYet(volume, archive, last.session()).isEmpty());
  }

  /** Promised snapshots of the session that are not restorable, although an image leads there. */
  private List<Long> notYet(FlowVolume volume, String archive, int session)
      throws IOException, InterruptedException {
    TreeSet<Long> listed = clean(operators.list(volume, archive));
    List<Base> images = images(volume, archive, session);
    NavigableSet<Long> lost = custody.mayBeLost(volume, session);
    return volume.generations().promised(session).stream()
        .filter(gid -> images.stream().anyMatch(base -> base.leadsTo(gid, lost)))
        .filter(gid -> !listed.contains(gid) && !volume.listings().mayBeGone(archive, gid))
        .toList();
  }

  private static TreeSet<Long> clean(List<Point> points) {
    TreeSet<Long> gids = new TreeSet<>();
    for (Point point : points) if (point.clean()) gids.add(point.gid());
    return gids;
  }

  private void restoreSome(FlowVolume volume, String archive, int many)
      throws IOException, InterruptedException {
    List<Long> gids = new ArrayList<>(clean(operators.list(volume, archive)));
    List<Long> some = new ArrayList<>(List.of(gids.removeLast()));
    while (!gids.isEmpty() && some.size() < many)
      some.add(gids.remove(random.nextInt(gids.size())));
    for (long gid : some) done(operators.restore(volume, archive, gid), WorkResult.Restored.class);
  }

  /** Points of volumes are served at their archives, and used. */
  void lend(List<FlowVolume> volumes) throws IOException, InterruptedException {
    for (FlowVolume volume : volumes) {
      for (String archive : volume.record().archives()) {
        if (random.nextInt(length.lendsOneOf()) > 0) continue;
        List<Long> gids = new ArrayList<>(clean(operators.list(volume, archive)));
        long gid = gids.get(random.nextInt(gids.size()));
        if (!operators.export(volume, archive, gid, LENT_FOR))
          throw new Violation(
              "9", "gid %d of %s at %s is not served".formatted(gid, volume.name(), archive));
      }
    }
    await("the exports are compared", SERVES_WITHIN, loans::areCompared);
  }

  /** They are served again, as they were, and then given back. */
  void collect() throws IOException, InterruptedException {
    await("the exports are compared again", SERVES_WITHIN, loans::areCompared);
    loans.hurry();
    await("the exports are closed", SERVES_WITHIN, loans::areReturned);
    loans.closeUnheard();
    loans.requireNothingHeld();
  }

  /** Wdiffs that are still at proxies. */
  private List<String> spooled(FlowVolume volume) throws IOException {
    List<String> all = new ArrayList<>();
    for (String proxy : volume.record().shipping().orElseThrow().proxies()) {
      group.server(proxy).node().list("volumes", volume.name(), "spool").stream()
          .filter(name -> name.endsWith(".wdiff"))
          .forEach(all::add);
    }
    return all;
  }

  private void nothingRuns(List<FlowVolume> volumes) throws IOException, InterruptedException {
    for (FlowVolume volume : volumes) {
      List<String> servers = new ArrayList<>(volume.record().archives());
      servers.add(volume.record().storage());
      for (String server : servers)
        await(
            "nothing runs on %s at %s".formatted(volume.name(), server),
            Duration.ofHours(2),
            () -> running(volume, server).isEmpty());
    }
  }

  private List<String> running(FlowVolume volume, String server) throws IOException {
    List<String> running = new ArrayList<>();
    Optional<JsonNode> meta =
        group.server(server).node().metadata("metadata", "volumes", volume.name());
    if (meta.isEmpty()) return running;
    for (JsonNode entry : meta.get().get("ledger").get("entries"))
      if (entry.get("state").asText().equals("RUNNING")) running.add(entry.toString());
    return running;
  }
}
