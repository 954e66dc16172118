package io.backstay.nbd;

import io.backstay.wire.Peer;

/** Which certificates may use which volumes (rule K5). */
@FunctionalInterface
public interface Admission {
  /** Called on an event loop: it does not block. */
  boolean mayUse(Peer peer, String export);
}
