package io.backstay.policy;

/** At which archive a point is deleted. */
public record DeletePointPlan(Head head, String volume, String archive, long gid) implements Plan {
  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "delete point %d of %s at %s".formatted(gid, volume, archive);
  }
}
