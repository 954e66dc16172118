package io.backstay.sim.flow;

import io.backstay.sim.SimulatedNode;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedServer;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Which processes met a disk that failed: what they do may fail from then on. */
final class Ills {
  private final Set<SimulatedNode> acting = new HashSet<>();
  private final Set<SimulatedProcess> felt = new HashSet<>();

  /** The disk of the node fails now and then, until it is healed. */
  void befall(SimulatedNode node) {
    acting.add(node);
    for (SimulatedServer server : node.servers()) server.process().ifPresent(felt::add);
  }

  void heal(SimulatedNode node) {
    acting.remove(node);
  }

  void begins(SimulatedServer server) {
    if (acting.contains(server.node())) felt.add(server.process().orElseThrow());
  }

  boolean areFeltBy(SimulatedServer server) {
    Optional<SimulatedProcess> process = server.process();
    return process.isPresent() && felt.contains(process.get());
  }
}
