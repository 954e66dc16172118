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
  /** TLS with the group's certificates, which say who may use what. */
  record Tls(TlsContexts contexts, String group) {}

  Entrance {
    if (tlsRequired && tls.isEmpty()) {
      throw new IllegalArgumentException("TLS is required and there are no certificates");
    }
  }

  boolean refusesPlain(Client client) {
    return tlsRequired && client.subject().isEmpty();
  }

  /**
   * The exports that there are for this client (rule K5). Those that its certificate does not allow
   * are to it as if they did not exist.
   */
  Predicate<String> shownTo(Client client) {
    return client.subject().map(subject -> shown.and(subject::mayUse)).orElse(shown);
  }

  /** Whether somebody else would find it here. */
  boolean hides(Client client, String export) {
    return exports.find(export, shown).isPresent() && !shownTo(client).test(export);
  }
}
