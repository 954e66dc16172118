package io.backstay.seam;

import java.util.Objects;

/**
 * Evidence of writes to a source that others write (rule L10): for a file its inode, size and
 * change times, for a block device its count of written sectors together with the boot id.
 *
 * @param evidence compared as a whole; empty means that there is none
 */
public record ChangeStamp(String evidence) {
  public static final ChangeStamp UNKNOWN = new ChangeStamp("");

  public ChangeStamp {
    Objects.requireNonNull(evidence, "evidence");
  }

  public boolean known() {
    return !evidence.isEmpty();
  }
}
