package io.backstay.policy;

import com.fasterxml.jackson.annotation.JsonValue;
import io.backstay.model.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * A point that was chosen.
 *
 * @param gap where a time was asked for: how far before it the point lies
 */
public record ChosenPoint(Point point, Optional<Gap> gap) {
  public ChosenPoint {
    Objects.requireNonNull(point, "point");
    Objects.requireNonNull(gap, "gap");
  }

  static ChosenPoint exactly(Point point) {
    return new ChosenPoint(point, Optional.empty());
  }

  /** "gid 7 at 2026-11-21T08:00:00Z", and how that fits to the time that was asked for. */
  public String words() {
    return "gid %d at %s%s".formatted(point.gid(), point.time(), words(gap));
  }

  static String words(Optional<Gap> gap) {
    return gap.map(its -> ", " + its.words()).orElse("");
  }

  /** Why a point stands for a later time (rule M4). */
  public enum Evidence {
    /** The volume was the same then. */
    NOTHING_WRITTEN,
    /** It may have been written to, for no longer than was allowed. */
    WITHIN_MAX_GAP;

    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * @param asked the time that was asked for
   * @param length from the point to that time
   */
  public record Gap(Instant asked, Duration length, Evidence evidence) {
    public Gap {
      Objects.requireNonNull(asked, "asked");
      Objects.requireNonNull(evidence, "evidence");
      if (length.isNegative())
        throw new IllegalArgumentException("a point %s after %s".formatted(length, asked));
    }

    /** Fractions of a second count. */
    public double seconds() {
      return length.toNanos() / 1e9;
    }

    String words() {
      String before = "%s before %s".formatted(Plan.span(length), asked);
      return switch (evidence) {
        case NOTHING_WRITTEN -> before + ", nothing was written between";
        case WITHIN_MAX_GAP -> before;
      };
    }
  }
}
