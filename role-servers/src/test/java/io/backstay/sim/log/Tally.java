package io.backstay.sim.log;

/** How often something happened in a world, or in many. */
final class Tally {
  int lives;
  int deaths;
  int powerLosses;
  int tailsTaken;
  int logsRead;

  /** Volumes, with what they must be. */
  int compared;

  void add(Tally other) {
    lives += other.lives;
    deaths += other.deaths;
    powerLosses += other.powerLosses;
    tailsTaken += other.tailsTaken;
    logsRead += other.logsRead;
    compared += other.compared;
  }
}
