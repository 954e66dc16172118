package io.backstay.log;

/**
 * Where a log stands, in lsids: blocks of 4 KiB.
 *
 * @param oldest below it log may be overwritten, as stored
 * @param written below it all is on the data device, as stored
 * @param durable below it the log is durable
 * @param latest the next lsid
 * @param capacityBlocks most blocks that the log may hold
 * @param full whether writers wait for room
 */
public record LogPosition(
    long oldest, long written, long durable, long latest, long capacityBlocks, boolean full) {

  /**
   * Whether the log wants to be overwritten soon: so that a checkpoint ends before writers wait for
   * it (rule L6), or where they wait already.
   */
  boolean wantsCheckpoint() {
    long free = capacityBlocks - (latest - oldest);
    return full || durable - written > Math.min(capacityBlocks / 2, free);
  }
}
