package io.backstay.server;

import io.backstay.wire.Channel;
import java.io.IOException;

/** Opens a conversation with another server of the group. */
public interface Dialer {
  /**
   * Connects, says Hello and checks that the other end is the server that is meant (rule K1).
   *
   * @param server expected name
   * @param address host:port
   * @throws IOException that names the server, the address and the cause
   */
  Channel dial(String server, String address) throws IOException, InterruptedException;
}
