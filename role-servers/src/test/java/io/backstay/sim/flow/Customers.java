package io.backstay.sim.flow;

import io.backstay.log.LoggedVolume;
import io.backstay.model.OnLogFull;
import io.backstay.nbd.Export;
import io.backstay.seam.Time;
import io.backstay.sim.SeededScheduler;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.SimulatedTime;
import io.backstay.sim.log.Clients;
import io.backstay.sim.log.VolumeHistory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Those who use one volume, life after life of its storage: what they find when it is served again
 * is compared with what they were promised, then they go on.
 */
final class Customers implements Clients.Ground {
  private static final Duration LOOK_EVERY = Duration.ofMillis(1500);
  private static final long FOUND_NANOS_MAX = 3_000_000_000L;
  private static final long TIRED_NANOS = Duration.ofMinutes(10).toNanos();

  private final SimulatedGroup group;
  private final SimulatedServer storage;
  private final FlowVolume volume;
  private final Ills ills;
  private final boolean uniform;
  private final RandomGenerator random;
  private final long pauseNanosMax;

  /** After so many they ask seldom. */
  private final int manyRequests;

  private Optional<Export> here = Optional.empty();
  private boolean quiet;
  private int requests;

  Customers(
      SimulatedGroup group,
      SimulatedServer storage,
      FlowVolume volume,
      Ills ills,
      boolean uniform,
      Length length) {
    this.group = group;
    this.storage = storage;
    this.volume = volume;
    this.ills = ills;
    this.uniform = uniform;
    this.random = group.scheduler().splitRandom();
    this.manyRequests = 100 << random.nextInt(length.requests());
    this.pauseNanosMax = 1L << 30 + random.nextInt(7);
  }

  /** As a thread of the world's: waits for the volume, again and again. */
  void attend() throws InterruptedException {
    while (true) {
      Optional<Export> served = group.export(storage, volume.name());
      if (served.isPresent() && !served.equals(here)) {
        here = served;
        SimulatedServer.Life life = storage.life().orElseThrow();
        LoggedVolume theirs = (LoggedVolume) served.get();
        life.time().fork("clients of " + volume.name(), () -> use(theirs, life));
      }
      group.scheduler().sleep(random.nextLong(FOUND_NANOS_MAX) + 1);
    }
  }

  /** How many requests they made. */
  int requests() {
    return requests;
  }

  /** They write no more; what they asked for is answered. */
  void rest() {
    quiet = true;
  }

  /** One life of the volume, as a thread of its process. */
  private void use(LoggedVolume served, SimulatedServer.Life life) {
    Time time = new SimulatedTime(group.scheduler(), life.process(), () -> 0);
    try {
      Clients clients = new Clients(this, served, time, volume.buffers());
      ByteBuffer all = clients.readAll();
      while (all == null && serves(served)) {
        // Its devices fail: nobody can use it until it is opened anew.
        time.sleep(Duration.ofSeconds(1));
        all = clients.readAll();
      }
      if (all == null) return;
      say("compared");
      volume.found(all);
      volume.generations().look(served);
      time.fork("watch " + volume.name(), () -> watch(served, time));
      while (!quiet && served.failure().isEmpty()) {
        int burst = 1 + random.nextInt(1 << random.nextInt(7));
        clients.ask(burst);
        long pause = requests < manyRequests ? pauseNanosMax : TIRED_NANOS;
        time.sleep(Duration.ofNanos(random.nextLong(pause) + 1));
      }
      clients.awaitAll();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch(LoggedVolume served, Time time) {
    try {
      while (serves(served)) {
        volume.generations().look(served);
        time.sleep(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- what clients ask of their ground

  @Override
  public VolumeHistory history() {
    return volume.history();
  }

  @Override
  public boolean uniform() {
    return uniform;
  }

  /** One that failed is opened anew by the same process: nobody can use the old one any more. */
  @Override
  public boolean serves(LoggedVolume one) {
    return group.export(storage, volume.name()).filter(one::equals).isPresent();
  }

  @Override
  public boolean mayFail() {
    return storage.isStopping() || ills.areFeltBy(storage);
  }

  @Override
  public void say(String what) {
    SeededScheduler scheduler = group.scheduler();
    scheduler.trace().line(scheduler.nanos(), volume.name(), what);
  }

  @Override
  public void asked() {
    requests++;
  }

  @Override
  public void logWasRead() {}

  @Override
  public Duration patience() {
    boolean forever = volume.record().log().orElseThrow().onFull() == OnLogFull.BLOCK;
    return forever ? Duration.ofDays(2) : Duration.ofHours(2);
  }
}
