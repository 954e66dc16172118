package io.backstay.net;

import io.backstay.seam.ChannelContract;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** The real network keeps the contract that its twin keeps. */
class NettyChannelTest extends ChannelContract {
  @TempDir private Path directory;
  private final Map<Peer, NettyNetwork> networks = new HashMap<>();
  private TestGroup group;

  @Override
  protected Network network(Peer identity) throws IOException {
    if (group == null) group = new TestGroup(identity.group(), directory);
    if (!networks.containsKey(identity)) {
      networks.put(identity, group.network(identity.name(), identity.role()));
    }
    return networks.get(identity);
  }

  @AfterEach
  void closeTheGroup() {
    group.close();
  }
}
