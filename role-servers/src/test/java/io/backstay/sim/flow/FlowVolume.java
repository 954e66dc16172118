package io.backstay.sim.flow;

import io.backstay.model.Cut;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ReleaseOn;
import io.backstay.sim.log.VolumeHistory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/** A volume of the group, and all that is promised of it. */
final class FlowVolume {
  private final ProtectionRecord record;
  private final VolumeHistory history;
  private final Generations generations;
  private final Listings listings;

  /** Of its clients, used again and again. */
  private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>();

  private boolean waitsForArchives;
  private boolean lostPower;
  private int compared;

  FlowVolume(ProtectionRecord record, LongSupplier nanos) {
    this.record = record;
    this.waitsForArchives = releaseOn(record) == ReleaseOn.ARCHIVE;
    this.history =
        new VolumeHistory((int) (record.sizeBytes() / VolumeHistory.SECTOR_BYTES), nanos);
    this.generations = new Generations(record.volume(), history);
    this.listings = new Listings(record.volume(), generations);
  }

  String name() {
    return record.volume();
  }

  ProtectionRecord record() {
    return record;
  }

  private static ReleaseOn releaseOn(ProtectionRecord record) {
    return record.shipping().orElseThrow().releaseOn();
  }

  /** Its settings may be these from now on. */
  void mayHave(ProtectionRecord settings) {
    waitsForArchives &= releaseOn(settings) == ReleaseOn.ARCHIVE;
  }

  /** Whether none of its log was ever let go of because a proxy had it (rule X1). */
  boolean waitsForArchives() {
    return waitsForArchives;
  }

  VolumeHistory history() {
    return history;
  }

  Generations generations() {
    return generations;
  }

  Listings listings() {
    return listings;
  }

  ArrayDeque<ByteBuffer> buffers() {
    return buffers;
  }

  /** The node that it is on lost power. */
  void losesPower() {
    lostPower = true;
  }

  /**
   * Somebody is told of a snapshot: it is durable, and what was acknowledged before it was asked
   * for. Where the power went meanwhile nobody knows yet what was before it.
   */
  void snapshot(Cut cut, long floor) {
    generations.snapshot(cut, floor);
    if (!lostPower) history.flushed(floor);
  }

  /** Its whole content, as the first clients of a process read it. */
  void found(ByteBuffer all) {
    compared++;
    if (lostPower) history.foundAfterPowerLoss(all);
    else history.foundAfterDeath(all);
    lostPower = false;
  }

  int compared() {
    return compared;
  }
}
