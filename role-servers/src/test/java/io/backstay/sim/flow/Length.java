package io.backstay.sim.flow;

import java.time.Duration;

/**
 * How much happens in a world: many short ones see more than a few long ones, but some things come
 * only late.
 */
enum Length {
  SHORT(2, 8, 6, 3, 2, 4, Duration.ofMinutes(40)),
  LONG(3, 10, 9, 4, 4, 1, Duration.ofHours(4));

  private final int operatorsMax;
  private final int runsMax;
  private final int pauses;
  private final int requests;
  private final int restoresMax;
  private final int lendsOneOf;
  private final Duration absence;

  Length(
      int operatorsMax,
      int runsMax,
      int pauses,
      int requests,
      int restoresMax,
      int lendsOneOf,
      Duration absence) {
    this.operatorsMax = operatorsMax;
    this.runsMax = runsMax;
    this.pauses = pauses;
    this.requests = requests;
    this.restoresMax = restoresMax;
    this.lendsOneOf = lendsOneOf;
    this.absence = absence;
  }

  int operatorsMax() {
    return operatorsMax;
  }

  /** Of each operator. */
  int runsMax() {
    return runsMax;
  }

  /** Operators pause for up to two to the power of one less than this, in seconds. */
  int pauses() {
    return pauses;
  }

  /** Likewise in hundreds: after so many requests the clients of a volume ask seldom. */
  int requests() {
    return requests;
  }

  /** Of each volume from each archive when all has healed; half as many at the end. */
  int restoresMax() {
    return restoresMax;
  }

  /** One of so many volumes has a point that is exported over the last loss of power. */
  int lendsOneOf() {
    return lendsOneOf;
  }

  /** A proxy or an archive is away for so long at most. */
  Duration absence() {
    return absence;
  }

  /** What a person types to see that world. */
  String replay(long seed) {
    return "./backstay simulate --flow%s --seeds 1 --seed %d --verbose"
        .formatted(this == SHORT ? " --short" : "", seed);
  }
}
