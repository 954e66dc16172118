package io.backstay.nbd;

import io.backstay.wire.Peer;
import java.util.Optional;

/**
 * Who is at the other end of a connection.
 *
 * @param name for messages
 * @param near on this machine: when it dies, all that it sent has arrived, and when this machine
 *     loses power so does it (rules L1, L8)
 * @param peer as its certificate says
 */
record Client(String name, boolean near, Optional<Peer> peer) {
  Client with(Peer authenticated) {
    return new Client(authenticated.name() + " at " + name, near, Optional.of(authenticated));
  }
}
