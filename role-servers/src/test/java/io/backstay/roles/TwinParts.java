package io.backstay.roles;

import io.backstay.model.Grant;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.server.GrantCheck;
import io.backstay.server.RecordCheck;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What each server of a {@link TwinGroup} is made with. Signatures are taken as they come. */
final class TwinParts {
  private TwinParts() {}

  static final RecordCheck RECORDS =
      signed -> {
        try {
          return Cbor.read(signed.content().toArray(), ProtectionRecord.class);
        } catch (IOException e) {
          throw new RefusedException(RefusalCode.NOT_AUTHORISED, e.getMessage());
        }
      };

  static final GrantCheck GRANTS =
      (signed, command, volume, target, inputHash) -> {
        try {
          Grant grant = Cbor.read(signed.content().toArray(), Grant.class);
          if (grant.command().equals(command) && grant.target().equals(target)) return grant;
          throw new RefusedException(RefusalCode.NOT_AUTHORISED, "a grant for " + grant);
        } catch (IOException e) {
          throw new RefusedException(RefusalCode.NOT_AUTHORISED, e.getMessage());
        }
      };

  static ServerConfig config(Peer self, String node, String address) {
    return new ServerConfig(
        "g",
        self.name(),
        self.role(),
        node,
        address,
        Optional.empty(),
        "",
        "/state",
        "",
        "",
        "",
        List.of("/restore"),
        Optional.empty(),
        new ServerConfig.Transfers(16, TwinGroup.MIB, 5, 2),
        Optional.empty());
  }
}
