package io.backstay.server;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.wire.Peer;
import java.util.Arrays;
import java.util.Set;

/** Which roles may ask for what (rule K5). */
public final class Authorisation {
  private Authorisation() {}

  /**
   * @throws RefusedException {@code not-authorised} unless the peer's certificate has one of these
   *     roles
   */
  public static void require(Peer peer, String what, Role... allowed) throws RefusedException {
    if (Set.of(allowed).contains(peer.role())) return;
    throw new RefusedException(
        Refusal.of(
                RefusalCode.NOT_AUTHORISED,
                "the role %s may not do that".formatted(peer.role().word()))
            .attempted(what)
            .found("certificate of %s, role %s".formatted(peer.name(), peer.role().word()))
            .next("allowed are " + Arrays.toString(allowed)));
  }
}
