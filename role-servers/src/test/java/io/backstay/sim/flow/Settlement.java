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
import java.util.Optional;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * What must come to be when nothing goes wrong any more (invariant 6): every volume is followed by
 * all of its archives, what was promised is restorable, what can be restored is right.
 */
final class Settlement {
  private static final Duration SERVES_WITHIN = Duration.ofMinutes(30);
  private static final int RESTORES_MAX = 4;
  private static final Duration ARRIVES_WITHIN = Duration.ofHours(2);

  private final SimulatedGroup group;
  private final Engine engine;
  private final Operators operators;
  private final RandomGenerator random;

  Settlement(SimulatedGroup group, Engine engine, Operators operators) {
    this.group = group;
    this.engine = engine;
    this.operators = operators;
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

  void settle(List<FlowVolume> volumes) throws IOException, InterruptedException {
    await(
        "all servers serve",
        SERVES_WITHIN,
        () -> group.servers().stream().allMatch(SimulatedServer::isServing));
    for (FlowVolume volume : volumes)
      await(
          volume.name() + " is served",
          SERVES_WITHIN,
          () -> group.export(group.server(volume.record().storage()), volume.name()).isPresent());
    for (FlowVolume volume : volumes) follow(volume);
    for (FlowVolume volume : volumes) {
      Cut last = done(operators.snapshot(volume), WorkResult.SnapshotMade.class).cut();
      for (String archive : volume.record().archives()) arrive(volume, archive, last);
    }
    for (FlowVolume volume : volumes) {
      for (String archive : volume.record().archives()) restoreSome(volume, archive);
      await("the spools are empty", ARRIVES_WITHIN, () -> spooled(volume).isEmpty());
    }
    nothingRuns(volumes);
  }

  /** Every archive has an image of the session that the storage is in. */
  private void follow(FlowVolume volume) throws IOException, InterruptedException {
    Outcome first = operators.snapshot(volume).outcome().orElseThrow();
    if (!(first instanceof Outcome.Done)) {
      // Nobody followed the log: somebody saw to that.
      done(operators.snapshot(volume), WorkResult.SnapshotMade.class);
    }
    for (String archive : volume.record().archives()) {
      if (images(volume, archive, volume.generations().session()).isEmpty())
        done(operators.backUp(volume, archive), WorkResult.BackedUp.class);
    }
  }

  private static <T> T done(Run run, Class<T> type) {
    if (run.outcome().orElseThrow() instanceof Outcome.Done(Object result))
      return type.cast(result);
    throw new Violation("9", "%s ended as %s".formatted(run, run.outcome().get()));
  }

  /** Images of a session at an archive: the gid from which on each is clean. */
  private List<Long> images(FlowVolume volume, String archive, int session) throws IOException {
    List<Long> ends = new ArrayList<>();
    Optional<JsonNode> meta =
        group.server(archive).node().metadata("metadata", "volumes", volume.name());
    if (meta.isEmpty()) return ends;
    for (JsonNode image : meta.get().path("images")) {
      JsonNode base = image.path("base");
      if (base.path("session").path("number").asInt(-1) == session)
        ends.add(base.get("end").get("gid").asLong());
    }
    return ends;
  }

  private void arrive(FlowVolume volume, String archive, Cut last)
      throws IOException, InterruptedException {
    await(
        "%s of %s is restorable at %s".formatted(last, volume.name(), archive),
        ARRIVES_WITHIN,
        () -> clean(operators.list(volume, archive)).contains(last.gid()));
    TreeSet<Long> listed = clean(operators.list(volume, archive));
    List<Long> images = images(volume, archive, last.session());
    for (long gid : volume.generations().promised(last.session())) {
      boolean covered = images.stream().anyMatch(end -> end <= gid);
      if (covered && !listed.contains(gid) && !volume.listings().mayBeGone(archive, gid))
        throw new Violation(
            "6",
            "snapshot %d of %s was promised, at %s there are %s"
                .formatted(gid, volume.name(), archive, listed));
    }
  }

  private static TreeSet<Long> clean(List<Point> points) {
    TreeSet<Long> gids = new TreeSet<>();
    for (Point point : points) if (point.clean()) gids.add(point.gid());
    return gids;
  }

  private void restoreSome(FlowVolume volume, String archive)
      throws IOException, InterruptedException {
    List<Long> gids = new ArrayList<>(clean(operators.list(volume, archive)));
    List<Long> some = new ArrayList<>(List.of(gids.removeLast()));
    while (!gids.isEmpty() && some.size() < RESTORES_MAX)
      some.add(gids.remove(random.nextInt(gids.size())));
    for (long gid : some) done(operators.restore(volume, archive, gid), WorkResult.Restored.class);
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
