package io.backstay.sim.log;

import java.util.List;
import java.util.random.RandomGenerator;

/** When and how the process that lives now ends. */
final class Ends {
  enum End {
    DEATH,
    POWER_LOSS,
    /** In order; the power may go afterwards. */
    STOP
  }

  /** Operations at which an end says more than anywhere else. */
  private static final List<String> MOMENTS =
      List.of(
          "flush " + LogWorld.LOG,
          "flush " + LogWorld.DATA,
          "flush",
          "flush " + LogWorld.CUTS,
          "write",
          "write-rest",
          "write " + LogWorld.CUTS,
          "zero",
          "shared-set",
          "shared-put",
          "shared-put-rest",
          "rename",
          "sync",
          "share ");

  /** Flushes of the log by a start after a loss of power. */
  private static final int START_FLUSHES = 4;

  private final RandomGenerator random;
  private String before = "";
  private int after = -1;
  private End end = End.DEATH;

  Ends(RandomGenerator random) {
    this.random = random;
  }

  End end() {
    return end;
  }

  /** How it ends in the midst of something. */
  End sudden() {
    return end == End.POWER_LOSS ? end : End.DEATH;
  }

  void none() {
    after = -1;
  }

  /** Not before it wants to. */
  void inOrder(End how) {
    after = -1;
    end = how;
  }

  /** Often so soon that it dies while it comes back. */
  void plan(Circumstances.Asking clients) {
    if (clients == Circumstances.Asking.ALONE && random.nextInt(8) > 0) {
      // One of the first flushes that the client asks for; those before are of the start.
      losePower(START_FLUSHES + random.nextInt(4));
      return;
    }
    end = End.values()[random.nextInt(3)];
    if (end == End.STOP) {
      after = -1;
      return;
    }
    if (clients != Circumstances.Asking.ANYTHING && random.nextBoolean()) {
      // Several packs are on their way: some may be lost, and some behind them not.
      losePower(1 + random.nextInt(5));
      return;
    }
    boolean anywhere = random.nextBoolean();
    before = anywhere ? "" : MOMENTS.get(random.nextInt(MOMENTS.size()));
    int scale = anywhere ? random.nextInt(4, 13) : random.nextInt(7);
    after = (int) (-Math.log(1 - random.nextDouble()) * (1 << scale));
  }

  private void losePower(int flushes) {
    end = End.POWER_LOSS;
    before = "flush " + LogWorld.LOG;
    after = flushes;
  }

  /** Whether it ends before this operation. */
  boolean isAt(String operation) {
    return after >= 0 && operation.startsWith(before) && after-- == 0;
  }
}
