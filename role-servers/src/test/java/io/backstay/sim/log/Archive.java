package io.backstay.sim.log;

import io.backstay.log.LogExtract;
import io.backstay.log.LogGivenUpException;
import io.backstay.log.LogHistory;
import io.backstay.log.LoggedVolume;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.Time;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * Who follows a log: reads it from cut to cut, compares what it becomes with what the volume was,
 * and lets it go, sooner or later. It outlives all processes and never forgets.
 */
final class Archive {
  private static final int WAIT_OFTEN_MILLIS = 3_000;
  private static final int WAIT_SELDOM_MILLIS = 60_000;

  private final LogWorld world;
  private final CutsModel cuts;
  private final RandomGenerator random;
  private Optional<Followed> followed = Optional.empty();
  private int compared;

  /** How far it is. */
  private record Followed(Session session, Cut cut, LogRow row) {}

  Archive(LogWorld world, CutsModel cuts, RandomGenerator random) {
    this.world = world;
    this.cuts = cuts;
    this.random = random;
  }

  int compared() {
    return compared;
  }

  /** One process's life with a volume. */
  final class Reading {
    private final LoggedVolume volume;
    private final Time time;
    private Optional<LogExtract> extract = Optional.empty();
    private int extractOf = -1;
    private boolean ended;
    private boolean busy;

    private Reading(LoggedVolume volume, Time time) {
      this.volume = volume;
      this.time = time;
    }

    void begin() {
      if (world.circumstances().following() != Circumstances.Following.NEVER)
        time.fork("archive", this::follow);
    }

    private void follow() {
      boolean often = world.circumstances().following() == Circumstances.Following.OFTEN;
      int millis = often ? WAIT_OFTEN_MILLIS : WAIT_SELDOM_MILLIS;
      try {
        while (!ended) {
          time.sleep(Duration.ofMillis(1 + random.nextInt(millis)));
          if (ended) return;
          if (catchUp() && (!often || random.nextInt(4) > 0)) letGo();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Reads no more, before the volume stops. */
    void end() throws InterruptedException {
      ended = true;
      while (busy) time.sleep(Duration.ofMillis(1));
    }

    /** Up to the newest cut that it knows; false where there was nothing to be read. */
    boolean catchUp() {
      busy = true;
      cuts.look(volume);
      LogHistory now = volume.history();
      try {
        if (!now.isProtected()) return false;
        if (followed.isEmpty() || followed.get().session.number() != now.session().number())
          followed = Optional.of(beginOf(now));
        List<Cut> ahead = ahead(now);
        for (Cut cut : ahead) readTo(cut, nanosOf(cut, ahead));
        return true;
      } catch (LogGivenUpException e) {
        requireReason(now, e);
        return false;
      } catch (IOException e) {
        world.say("the log cannot be read: " + e.getMessage());
        if (!world.mayFail()) throw new Violation("6", "the log cannot be read: " + e);
        return false;
      } finally {
        busy = false;
      }
    }

    private Followed beginOf(LogHistory now) {
      Cut first = now.cuts().getFirst();
      if (first.gid() != now.session().firstGid().orElseThrow())
        throw new Violation("4", "the first cut was not let go, there are " + now);
      cuts.look(volume);
      return new Followed(
          now.session(),
          first,
          new LogRow(world.history(), cuts.floorOf(first), cuts.ceilingOf(first)));
    }

    private List<Cut> ahead(LogHistory now) {
      long gid = followed.orElseThrow().cut.gid();
      return now.cuts().stream().filter(cut -> cut.gid() > gid).toList();
    }

    /** Of several with one time it is that of the newest (rule M4). */
    private OptionalLong nanosOf(Cut cut, List<Cut> all) {
      if (all.stream().anyMatch(c -> c.gid() > cut.gid() && c.time().equals(cut.time())))
        return OptionalLong.empty();
      return OptionalLong.of(Duration.between(SimulatedTime.BEGIN, cut.time()).toNanos());
    }

    private void readTo(Cut cut, OptionalLong nanos) throws IOException {
      Followed from = followed.orElseThrow();
      LogRow row = from.row.copy();
      if (cut.lsid() > from.cut.lsid())
        extract(from.session).run(from.cut.lsid(), cut.lsid(), row::pack);
      row.at(cut, cuts.floorOf(cut), cuts.ceilingOf(cut), nanos);
      compared++;
      followed = Optional.of(new Followed(from.session, cut, row));
    }

    private LogExtract extract(Session session) {
      if (extractOf != session.number()) extract = Optional.of(volume.extract());
      extractOf = session.number();
      return extract.orElseThrow();
    }

    private void requireReason(LogHistory before, LogGivenUpException found) {
      LogHistory now = volume.history();
      boolean other = now.session().number() != before.session().number();
      if (!other && now.givenUp().isEmpty())
        throw new Violation("L6", "%s, but the volume says %s".formatted(found.getMessage(), now));
      world.say("the log was given up while it was read");
      extractOf = -1;
    }

    private void letGo() {
      Cut cut = followed.orElseThrow().cut;
      world.say("the log below %d is let go".formatted(cut.lsid()));
      cuts.releases(cut);
      volume.release(cut.lsid());
    }
  }

  Reading reading(LoggedVolume volume, Time time) {
    return new Reading(volume, time);
  }
}
