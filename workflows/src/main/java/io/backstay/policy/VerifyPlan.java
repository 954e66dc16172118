package io.backstay.policy;

import java.time.Instant;
import java.util.Optional;

/**
 * Which point of which archive is verified.
 *
 * @param pointTime plans of policy 1 do not tell it
 * @param gap where a time was asked for (rule M4)
 */
public record VerifyPlan(
    Head head,
    String volume,
    String archive,
    long gid,
    long sizeBytes,
    Instant pointTime,
    Optional<ChosenPoint.Gap> gap)
    implements Plan {
  public VerifyPlan {
    gap = gap == null ? Optional.empty() : gap;
  }

  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "read %s of %s at gid %d%s at %s and compare it with its checksums and source hashes"
        .formatted(Plan.bytes(sizeBytes), volume, gid, ChosenPoint.words(gap), archive);
  }
}
