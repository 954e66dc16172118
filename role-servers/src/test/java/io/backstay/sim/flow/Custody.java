package io.backstay.sim.flow;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.chain.Diff;
import io.backstay.model.Cut;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedNode;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.Violation;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who has which stretch of a volume's history, as the disks have it at this moment (invariant 4):
 * what the storage let go of, and what a proxy once had, is at each archive, or still at a proxy
 * that will bring it there.
 */
final class Custody {
  private final SimulatedGroup group;
  private final List<FlowVolume> volumes;
  private final Map<String, Map<Integer, NavigableSet<Long>>> once = new HashMap<>();
  private final Set<String> known = new HashSet<>();

  /** What names of files say, which are looked at again and again. */
  private final Map<String, Optional<Diff>> diffs = new HashMap<>();

  private final Map<String, Optional<String>> sidecarGids = new HashMap<>();

  /** By volume and session: what may have gone with the disk of a proxy. */
  private final Map<String, NavigableSet<Long>> lost = new HashMap<>();

  /** What one server has of one volume: by session, the gids that it has the way to. */
  private static final class Held {
    private final Map<Integer, NavigableSet<Long>> steps = new TreeMap<>();

    /** The archive follows this session, and takes no more diffs of earlier ones. */
    private int follows;

    /** Gids up to which its images hold everything. */
    private final Map<Integer, Long> images = new TreeMap<>();

    private NavigableSet<Long> of(int session) {
      return steps.computeIfAbsent(session, _ -> new TreeSet<>());
    }
  }

  Custody(SimulatedGroup group, List<FlowVolume> volumes) {
    this.group = group;
    this.volumes = volumes;
  }

  /**
   * The proxy is about to lose its disk. What only that had is gone, unless the volume's storage
   * still has that log, because it waits for the archives (rule X1).
   */
  void losesDisk(SimulatedServer proxy) throws IOException {
    for (FlowVolume volume : volumes) {
      // Also what is elsewhere: there it may not be durable yet.
      diffs(volume, proxy, "spool")
          .steps
          .forEach((session, steps) -> {
            lost(volume, session).addAll(steps);
            // Its storage has it, or has let go of it: that is looked at from now on.
            if (volume.waitsForArchives()) once(volume, session).removeAll(steps);
          });
    }
  }

  private NavigableSet<Long> once(FlowVolume volume, int session) {
    return once.computeIfAbsent(volume.name(), _ -> new TreeMap<>())
        .computeIfAbsent(session, _ -> new TreeSet<>());
  }

  private NavigableSet<Long> lost(FlowVolume volume, int session) {
    return lost.computeIfAbsent(volume.name() + " " + session, _ -> new TreeSet<>());
  }

  /** Steps of that session that may be lost, although everybody did what they should. */
  NavigableSet<Long> mayBeLost(FlowVolume volume, int session) {
    return volume.waitsForArchives() && !volume.generations().hasEnded(session)
        ? Collections.emptyNavigableSet()
        : lost(volume, session);
  }

  void look() throws IOException {
    for (FlowVolume volume : volumes) look(volume);
  }

  private void look(FlowVolume volume) throws IOException {
    List<Held> spools = new ArrayList<>();
    for (String proxy : volume.record().shipping().orElseThrow().proxies())
      spools.add(diffs(volume, group.server(proxy), "spool"));
    for (Held spool : spools)
      spool.steps.forEach((session, steps) -> once(volume, session).addAll(steps));
    Generations generations = volume.generations();
    Map<Integer, NavigableSet<Long>> all =
        once.computeIfAbsent(volume.name(), _ -> new TreeMap<>());
    for (int session : List.copyOf(all.keySet())) {
      OptionalLong first = generations.firstGid(session);
      OptionalLong released = generations.releasedGid(session);
      if (first.isPresent() && released.isPresent())
        once(volume, session).addAll(between(first.getAsLong(), released.getAsLong()));
    }
    for (String archive : volume.record().archives()) {
      Held there = diffs(volume, group.server(archive), "diffs");
      images(volume, archive, there);
      all.forEach((session, steps) -> require(volume, archive, session, steps, there, spools));
    }
  }

  /** The steps that lead from one gid to another. */
  private static NavigableSet<Long> between(long from, long to) {
    NavigableSet<Long> steps = new TreeSet<>();
    for (long gid = from + 1; gid <= to; gid++) steps.add(gid);
    return steps;
  }

  private void require(
      FlowVolume volume,
      String archive,
      int session,
      NavigableSet<Long> steps,
      Held there,
      List<Held> spools) {
    if (session < there.follows) return;
    NavigableSet<Long> missing =
        new TreeSet<>(steps.tailSet(there.images.getOrDefault(session, -1L), false));
    missing.removeAll(there.of(session));
    for (Held spool : spools) missing.removeAll(spool.of(session));
    missing.removeAll(mayBeLost(volume, session));
    if (missing.isEmpty()) return;
    throw new Violation(
        "4",
        "the way of %s to gids %s of session %d is neither at %s, which has %s, nor at a proxy; let go of was %s"
            .formatted(
                volume.name(),
                missing,
                session,
                archive,
                there.of(session),
                volume.generations().releasedGid(session)));
  }

  /** Wdiffs that have both their name and their sidecar. */
  private Held diffs(FlowVolume volume, SimulatedServer server, String folder) throws IOException {
    Held held = new Held();
    List<String> names = server.node().list("volumes", volume.name(), folder);
    Map<String, String> sidecars = new HashMap<>();
    for (String name : names)
      sidecarGids
          .computeIfAbsent(name, DiffSidecar::gidsIn)
          .ifPresent(gids -> sidecars.put(gids, name));
    for (String name : names) {
      Optional<Diff> diff = diffs.computeIfAbsent(name, Diff::parse);
      if (diff.isEmpty()) continue;
      String sidecar = sidecars.get(diff.get().gids());
      if (sidecar == null)
        throw new Violation("6", "%s at %s has no sidecar".formatted(name, server.name()));
      compare(volume, server, folder, sidecar);
      int session = Integer.parseInt(sidecar.substring(0, sidecar.indexOf('-')));
      held.of(session).addAll(between(diff.get().from().begin(), diff.get().to().begin()));
    }
    return held;
  }

  /** The cuts that it names are those that the storage made (rule M1). */
  private void compare(FlowVolume volume, SimulatedServer server, String folder, String sidecar)
      throws IOException {
    if (!known.add(server.name() + " " + volume.name() + " " + sidecar)) return;
    byte[] bytes =
        server
            .node()
            .bytes(
                "%s/volumes/%s/%s/%s"
                    .formatted(SimulatedNode.STATE, volume.name(), folder, sidecar));
    DiffSidecar diff = DiffSidecar.decode(sidecar, bytes);
    volume.generations().see(diff.begin(), server.name());
    for (Cut cut : diff.cuts()) volume.generations().see(cut, server.name());
  }

  /** What an image holds, no diff need bring. */
  private void images(FlowVolume volume, String archive, Held there) throws IOException {
    Optional<JsonNode> meta =
        group.server(archive).node().metadata("metadata", "volumes", volume.name());
    if (meta.isEmpty()) return;
    requireLater(archive, meta.get().path("sessions"));
    for (JsonNode image : meta.get().path("images")) {
      JsonNode base = image.path("base");
      if (base.isMissingNode() || base.isNull()) continue;
      int session = base.get("session").get("number").asInt();
      there.follows = Math.max(there.follows, session);
      there.images.merge(session, base.get("begin").get("gid").asLong(), Math::max);
    }
  }

  /** Nothing is taken of a session that is over (rule M2). */
  private static void requireLater(String archive, JsonNode sessions) {
    int current = sessions.path("current").path("number").asInt(-1);
    for (JsonNode pending : sessions.path("pending")) {
      if (pending.path("number").asInt() <= current)
        throw new Violation("M2", "%s expects %s behind %d".formatted(archive, pending, current));
    }
  }
}
