/**
 * In-memory twins of the seams: one machine's disks ({@link io.backstay.twin.MemoryDisk}) and the
 * network between machines ({@link io.backstay.twin.MemoryWire}). They keep the same contracts as
 * the real ones, and no more than these: what a contract leaves open (the fate of unflushed bytes,
 * of unsynced names) they settle by a seeded random source. They start no threads, read no clock
 * and iterate in fixed order, so that the same seed gives the same history.
 */
package io.backstay.twin;
