package io.backstay.sim.log;

import io.backstay.log.LogHistory;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Session;
import io.backstay.seam.Time;
import io.backstay.sim.Violation;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** What operators and archives ask of a volume while it is served: cuts, snapshots, sessions. */
final class Commands {
  private static final int UNDER_WAY_MAX = 4;

  private final LogWorld world;
  private final CutsModel cuts;
  private final LoggedVolume volume;
  private final Time time;
  private final RandomGenerator random;
  private boolean stopping;
  private int switches;
  private int underWay;

  Commands(LogWorld world, LoggedVolume volume, Time time) {
    this.world = world;
    this.cuts = world.cuts();
    this.volume = volume;
    this.time = time;
    this.random = time.random();
  }

  /**
   * @param many commands
   */
  void begin(int many) {
    time.fork("commands", () -> run(many));
  }

  /** Refusals and failures are no surprise any more. */
  void stopping() {
    stopping = true;
  }

  private void run(int many) {
    try {
      for (int i = 0; i < many && !stopping; i++) {
        time.sleep(Duration.ofNanos(random.nextLong(1L << random.nextInt(20, 35)) + 1));
        if (stopping) return;
        boolean local = volume.history().session().isLocal();
        int choice = random.nextInt(100);
        if (choice < (local ? 40 : 6)) openSession();
        else if (choice < 42) askForCut(choice % 3 > 0);
        else if (choice < 46) reset();
        else if (choice < 49) openAgain();
        else if (choice < 52) openTooLate();
        else if (underWay < UNDER_WAY_MAX) time.fork("cut", () -> askForCut(choice % 3 > 0));
        if (!stopping) cuts.look(volume);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether something may fail that is right otherwise. */
  private void requireReason(Exception failed) {
    world.say("it failed: " + failed.getMessage());
    if (!stopping && !world.mayFail())
      throw new Violation("9", "it failed, and nothing is wrong: " + failed);
  }

  // ---- cuts

  void askForCut(boolean explicit) {
    Optional<String> label =
        explicit && random.nextBoolean()
            ? Optional.of("label " + random.nextInt(1000))
            : Optional.empty();
    long floor = world.history().flushing();
    boolean unprotected = !volume.history().isProtected();
    int seen = switches;
    underWay++;
    try {
      world.say("a cut is asked for, everything up to moment " + floor);
      Cut cut = explicit ? volume.snapshot(label, Optional.empty()) : volume.cut();
      world.say("it is " + cut);
      cuts.told(cut, explicit, label, floor);
    } catch (RefusedException e) {
      world.say("refused: " + e.getMessage());
      boolean expected =
          e.refusal().code() == RefusalCode.NOT_PROTECTED
              && (unprotected || seen != switches || !volume.history().isProtected());
      if (!expected && !stopping) throw new Violation("M2", "a cut was refused: " + e);
    } catch (IOException e) {
      requireReason(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      underWay--;
    }
  }

  // ---- sessions

  private interface Switch {
    Session call() throws RefusedException, IOException, InterruptedException;
  }

  private void openSession() throws InterruptedException {
    int number = volume.history().session().number() + 1 + random.nextInt(2);
    long gid = cuts.greatestGid() + 1 + random.nextInt(3);
    SessionUuid uuid = new SessionUuid(random.nextLong(), random.nextLong());
    world.say("session %d is to begin with gid %d".formatted(number, gid));
    cuts.askSession(number, uuid, gid);
    change(() -> volume.openSession(number, uuid, gid));
  }

  private void reset() throws InterruptedException {
    world.say("a reset");
    cuts.askReset(volume.history().session().number() + 1);
    change(volume::reset);
  }

  private void change(Switch call) throws InterruptedException {
    switches++;
    try {
      Session begun = call.call();
      world.say("it is " + begun);
      cuts.look(volume);
      if (!stopping && !volume.history().session().equals(begun))
        throw new Violation("M2", "%s began, there is %s".formatted(begun, volume.history()));
    } catch (RefusedException e) {
      // A cut that nobody was told of yet may have the gid.
      world.say("refused: " + e.getMessage());
      boolean conflict = e.refusal().code() == RefusalCode.VERSION_CONFLICT;
      if (!stopping && !conflict) throw new Violation("M2", "no session: " + e);
    } catch (IOException e) {
      requireReason(e);
    }
    switches++;
  }

  /** The same session once more: it is this one, and nothing changes. */
  private void openAgain() throws InterruptedException {
    LogHistory now = volume.history();
    Session here = now.session();
    if (here.isLocal()) return;
    world.say("the same session again");
    try {
      Session same = volume.openSession(here.number(), here.uuid(), here.firstGid().orElseThrow());
      if (!same.equals(here)) throw new Violation("M2", "%s is %s now".formatted(here, same));
    } catch (RefusedException e) {
      throw new Violation("M2", "the same session was refused: " + e);
    } catch (IOException e) {
      requireReason(e);
    }
  }

  /** An older number, or a gid that was given: refused, whoever asks. */
  private void openTooLate() throws InterruptedException {
    int here = volume.history().session().number();
    long gid = cuts.greatestGid();
    boolean old = random.nextBoolean();
    if (gid < 0) return;
    world.say("a session that is too late");
    try {
      SessionUuid uuid = new SessionUuid(random.nextLong(), 1);
      Session begun = volume.openSession(old ? here : here + 1, uuid, old ? gid + 9 : gid);
      throw new Violation("M2", "%s began, after gid %d".formatted(begun, gid));
    } catch (RefusedException e) {
      world.say("refused, as it must be");
    } catch (IOException e) {
      requireReason(e);
    }
  }
}
