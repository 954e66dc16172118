package io.backstay.nbd;

import io.backstay.authority.Subject;
import java.util.Optional;

/**
 * Who is at the other end of a connection.
 *
 * @param name for messages
 * @param near on this machine: when it dies, all that it sent has arrived, and when this machine
 *     loses power so does it (rules L1, L8)
 * @param subject as its certificate says; empty for whoever came in without TLS
 */
record Client(String name, boolean near, Optional<Subject> subject) {
  Client with(Subject authenticated) {
    String who = authenticated.peer().name() + " at " + name;
    return new Client(who, near, Optional.of(authenticated));
  }
}
