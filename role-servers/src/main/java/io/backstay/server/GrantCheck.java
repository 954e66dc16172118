package io.backstay.server;

import io.backstay.model.Grant;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;

/** Whether an operator allowed one destructive step (rule K5). */
public interface GrantCheck {
  /**
   * Checks signature, group, expiry and that the grant names exactly this.
   *
   * @throws RefusedException {@code not-authorised}, saying what differs
   */
  Grant check(Signed signed, String command, String volume, String target, String inputHash)
      throws RefusedException;
}
