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
    long oldest, long written, long durable, long latest, long capacityBlocks, boolean full) {}
