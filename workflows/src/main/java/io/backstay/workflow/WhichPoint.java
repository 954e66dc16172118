package io.backstay.workflow;

import io.backstay.model.ProtectionRecord;
import io.backstay.policy.PointChoice;
import java.time.Instant;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Which point somebody means, as inputs and the command line name it: at most one of gid, at and
 * label; with none of them the newest.
 *
 * @param at the newest point that is the volume at this moment (rule M4)
 * @param maxGap how much older the point may be than {@code at}: "15m"; null for the volume's own
 */
public record WhichPoint(Long gid, Instant at, String label, String maxGap) {
  public WhichPoint {
    if (Stream.of(gid, at, label).filter(Objects::nonNull).count() > 1) {
      throw new IllegalArgumentException(
          "give one of gid, at and label, not several: gid %s, at %s, label %s"
              .formatted(gid, at, label));
    }
    if (gid != null && gid < 0) throw new IllegalArgumentException("gid is negative: " + gid);
    if (maxGap != null && at == null) {
      throw new IllegalArgumentException("maxGap means something only together with at");
    }
    if (maxGap != null) Span.parse(maxGap);
  }

  /**
   * @throws IllegalArgumentException where none is named
   */
  public void requireNamed() {
    if (gid == null && at == null && label == null)
      throw new IllegalArgumentException("no point was given: give one of gid, at and label");
  }

  public PointChoice.Wanted wanted(ProtectionRecord record) {
    if (gid != null) return new PointChoice.Wanted.Gid(gid);
    if (label != null) return new PointChoice.Wanted.Label(label);
    if (at == null) return new PointChoice.Wanted.Newest();
    return new PointChoice.Wanted.At(
        at, maxGap == null ? PointChoice.maxGap(record) : Span.parse(maxGap));
  }

  @Override
  public String toString() {
    if (gid != null) return "gid " + gid;
    if (label != null) return "label " + label;
    return at == null ? "the newest point" : at.toString();
  }
}
