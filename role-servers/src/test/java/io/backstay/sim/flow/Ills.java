package io.backstay.sim.flow;

import io.backstay.sim.SimulatedNode;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedServer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which processes met a disk that failed: what they do may fail from then on. */
final class Ills {
  private final Set<SimulatedNode> acting = new HashSet<>();
  private final Set<SimulatedProcess> felt = new HashSet<>();
  private final Map<SimulatedNode, Integer> befallen = new HashMap<>();

  /** The disk of the node fails now and then, until it is healed. */
  void befall(SimulatedNode node) {
    acting.add(node);
    befallen.merge(node, 1, Integer::sum);
    for (SimulatedServer server : node.servers()) server.process().ifPresent(felt::add);
  }

  void heal(SimulatedNode node) {
    acting.remove(node);
  }

  /** How often a disk of the node began to fail. */
  int befallen(SimulatedNode node) {
    return befallen.getOrDefault(node, 0);
  }

  boolean actOn(SimulatedNode node) {
    return acting.contains(node);
  }

  void begins(SimulatedServer server) {
    if (acting.contains(server.node())) felt.add(server.process().orElseThrow());
  }

  boolean areFeltBy(SimulatedServer server) {
    Optional<SimulatedProcess> process = server.process();
    return process.isPresent() && felt.contains(process.get());
  }
}
