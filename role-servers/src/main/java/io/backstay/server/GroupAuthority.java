package io.backstay.server;

import io.backstay.authority.Authority;
import io.backstay.model.Grant;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.seam.Time;

/** Checks signatures against the CA of the group (rules M3, K5). */
public record GroupAuthority(Authority authority, Time time) implements RecordCheck, GrantCheck {
  @Override
  public ProtectionRecord check(Signed signed) throws RefusedException {
    return authority.verifyRecord(signed);
  }

  @Override
  public Grant check(Signed signed, String command, String volume, String target, String inputHash)
      throws RefusedException {
    Grant grant = authority.verifyGrant(signed, time.now());
    boolean allows =
        grant.command().equals(command)
            && grant.volume().equals(volume)
            && grant.target().equals(target)
            && grant.inputHash().equals(inputHash);
    if (allows) return grant;
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_AUTHORISED, "the grant allows something else")
            .attempted("%s of %s %s with input %s".formatted(command, volume, target, inputHash))
            .found(
                "a grant for %s of %s %s with input %s"
                    .formatted(grant.command(), grant.volume(), grant.target(), grant.inputHash()))
            .next("sign one for exactly this: the backstay command does"));
  }
}
