package io.backstay.server;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;

/** Whether a protection record was signed by the catalog of this group (rule M3). */
public interface RecordCheck {
  /**
   * @throws RefusedException {@code not-authorised} or {@code wrong-group}, saying what differs
   */
  ProtectionRecord check(Signed signed) throws RefusedException;
}
