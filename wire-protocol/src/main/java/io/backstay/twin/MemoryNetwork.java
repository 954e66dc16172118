package io.backstay.twin;

import io.backstay.wire.Channel;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.random.RandomGenerator;

/** The network as one simulated process sees it, with the identity that its certificate gives. */
public final class MemoryNetwork implements Network {
  private final MemoryWire wire;
  private final Peer self;
  private volatile boolean dead;

  public MemoryNetwork(MemoryWire wire, Peer self) {
    this.wire = wire;
    this.self = self;
  }

  @Override
  public Channel connect(String address) throws IOException {
    return wire.connect(this, address);
  }

  @Override
  public Listener listen(String address) throws IOException {
    return wire.listen(this, address);
  }

  /**
   * The process is gone: its listeners and connections are closed, of what it sent the first frames
   * still arrive, and every further operation of its own throws {@link ProcessDiedError}.
   */
  public void processDeath(RandomGenerator random) {
    dead = true;
    wire.closeAllOf(this, random);
  }

  Peer self() {
    return self;
  }

  void requireAlive() {
    if (dead) throw new ProcessDiedError(self.name() + " is dead and uses the network");
  }
}
