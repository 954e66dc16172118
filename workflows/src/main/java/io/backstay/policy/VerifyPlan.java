package io.backstay.policy;

/** Which point of which archive is verified. */
public record VerifyPlan(Head head, String volume, String archive, long gid, long sizeBytes)
    implements Plan {
  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "read %s of %s at gid %d at %s and compare it with its checksums and source hashes"
        .formatted(Plan.bytes(sizeBytes), volume, gid, archive);
  }
}
