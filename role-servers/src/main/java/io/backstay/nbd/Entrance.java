package io.backstay.nbd;

import io.backstay.net.TlsContexts;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What whoever comes in by one listener may see.
 *
 * @param address for messages
 * @param tls with which TLS is offered, if it is
 * @param tlsRequired whether nothing else is
 */
record Entrance(
    String address,
    Exports exports,
    Predicate<String> shown,
    Optional<Tls> tls,
    boolean tlsRequired) {
  /** TLS with the group's certificates, and what they allow. */
  record Tls(TlsContexts contexts, String group, Admission admission) {}

  Entrance {
    if (tlsRequired && tls.isEmpty()) {
      throw new IllegalArgumentException("TLS is required and there are no certificates");
    }
  }

  boolean refusesPlain(Client client) {
    return tlsRequired && client.peer().isEmpty();
  }

  boolean admits(Client client, String export) {
    return client.peer().isEmpty()
        || tls.orElseThrow().admission().mayUse(client.peer().get(), export);
  }
}
