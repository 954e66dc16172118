package io.backstay.bench;

import java.util.Locale;

/**
 * One line of a table: what came out beside what is aimed at.
 *
 * @param evidence what the value was made of, for people
 */
record Figure(String what, double value, Aim aim, String evidence) {

  /** On which side of the bound the value is to be. */
  enum Side {
    AT_LEAST("at least"),
    AT_MOST("at most");

    private final String words;

    Side(String words) {
      this.words = words;
    }
  }

  /**
   * @param unit "x" for a ratio
   */
  record Aim(Side side, double bound, String unit) {
    static Aim atMost(double bound, String unit) {
      return new Aim(Side.AT_MOST, bound, unit);
    }

    static Aim atLeast(double bound, String unit) {
      return new Aim(Side.AT_LEAST, bound, unit);
    }

    boolean holds(double value) {
      return switch (side) {
        case AT_LEAST -> value >= bound;
        case AT_MOST -> value <= bound;
      };
    }
  }

  boolean met() {
    return aim.holds(value);
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%-8s %-48s %7.2f %-3s %-8s %6.2f  %s",
        met() ? "met" : "NOT MET",
        what,
        value,
        aim.unit(),
        aim.side().words,
        aim.bound(),
        evidence);
  }
}
