package io.backstay.sim.flow;

import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.SimulatedServer;
import io.backstay.sim.log.VolumeHistory;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A point that an archive serves, from when somebody asked for it until nobody does any more. */
final class Loan {
  private final String name;
  private final FlowVolume volume;
  private final SimulatedServer archive;
  private final long gid;
  private final boolean writable;
  private final Ills ills;
  private final int befallen;
  private final long numbers;
  private Optional<Overlay> overlay = Optional.empty();
  private Optional<SimulatedProcess> comparedIn = Optional.empty();
  private Optional<SimulatedProcess> usedBy = Optional.empty();
  private int powerLosses;
  private boolean tainted;
  private boolean closing;
  private boolean returned;

  /**
   * @param number of its kind; no two write the same
   */
  Loan(
      int number,
      FlowVolume volume,
      SimulatedServer archive,
      long gid,
      boolean writable,
      Ills ills) {
    this.name = "x" + number;
    this.volume = volume;
    this.archive = archive;
    this.gid = gid;
    this.writable = writable;
    this.ills = ills;
    this.tainted = ills.actOn(archive.node());
    this.befallen = ills.befallen(archive.node());
    this.numbers = (1L << 48) + ((long) number << 32);
  }

  String name() {
    return name;
  }

  FlowVolume volume() {
    return volume;
  }

  SimulatedServer archive() {
    return archive;
  }

  long gid() {
    return gid;
  }

  boolean writable() {
    return writable;
  }

  Overlay overlay() {
    return overlay.orElseThrow();
  }

  /**
   * Whether its archive's disk failed since it was asked for: after a flush that failed writes fail
   * until the power is lost, also those of the next process (rule L3).
   */
  boolean mayFail() {
    tainted |= ills.befallen(archive.node()) != befallen;
    return tainted || archive.isStopping();
  }

  /** Its whole content, as the first client of a process reads it. */
  void found(ByteBuffer all, SimulatedProcess by) {
    int losses = archive.node().powerLosses();
    if (overlay.isEmpty()) {
      long[] image = new long[all.remaining() / VolumeHistory.SECTOR_BYTES];
      for (int s = 0; s < image.length; s++) image[s] = VolumeHistory.numberIn(all, s, s);
      volume.generations().restored(gid, image.clone(), "export " + name + " of " + archive.name());
      overlay = Optional.of(new Overlay(name, image, numbers));
    } else {
      overlay.get().found(all, losses != powerLosses);
    }
    powerLosses = losses;
    comparedIn = Optional.of(by);
  }

  /** Whether what the archive serves now is what it should be. */
  boolean isCompared() {
    return comparedIn.isPresent() && comparedIn.equals(archive.process());
  }

  void usedBy(SimulatedProcess process) {
    usedBy = Optional.of(process);
  }

  void unused() {
    usedBy = Optional.empty();
  }

  /** Whether a client waits for answers that may still come. */
  boolean isUsed() {
    return usedBy.filter(process -> !process.isDead()).isPresent();
  }

  /** Its clients go. */
  void close() {
    closing = true;
  }

  boolean isClosing() {
    return closing;
  }

  void giveBack() {
    returned = true;
  }

  boolean isReturned() {
    return returned;
  }

  @Override
  public String toString() {
    return "%s of %s at gid %d on %s%s"
        .formatted(name, volume.name(), gid, archive.name(), writable ? ", writable" : "");
  }
}
