package io.backstay.bench;

import java.util.List;

/**
 * What fio does to a volume over NBD.
 *
 * @param least our throughput by that of the best peer, at least; of sequential writes by that of
 *     qemu-nbd with direct IO
 * @param goal likewise, what is aimed at
 */
record NbdWorkload(String name, List<String> fio, double least, double goal) {
  /** The rows in their order. */
  static List<NbdWorkload> all() {
    return List.of(
        random("4 KiB random write, depth 1", "randwrite", 1, 0.8, 1.0),
        random("4 KiB random write, depth 16", "randwrite", 16, 1.2, 1.5),
        random("4 KiB random write, depth 64", "randwrite", 64, 1.2, 1.5),
        flushed(1, 0.75, 1.0),
        flushed(16, 1.0, 1.2),
        flushed(64, 1.0, 1.2),
        sequential("1 MiB sequential write", "write", 0.35, 0.45),
        random("4 KiB random read, depth 1", "randread", 1, 0.5, 0.8),
        random("4 KiB random read, depth 16", "randread", 16, 1.0, 1.3),
        random("4 KiB random read, depth 64", "randread", 64, 1.0, 1.3),
        sequential("1 MiB sequential read", "read", 0.7, 0.9));
  }

  /**
   * Whether the disk sets the pace, and we write each byte twice: ahead of nbdkit, and beside
   * qemu-nbd with direct IO only.
   */
  boolean isWrittenTwice() {
    return fio.contains("--rw=write");
  }

  boolean reads() {
    return fio.contains("--rw=randread") || fio.contains("--rw=read");
  }

  private static NbdWorkload random(String name, String how, int depth, double least, double goal) {
    return new NbdWorkload(
        name, List.of("--rw=" + how, "--bs=4k", "--iodepth=" + depth), least, goal);
  }

  private static NbdWorkload flushed(int clients, double least, double goal) {
    return new NbdWorkload(
        "4 KiB write + FLUSH each, %d clients".formatted(clients),
        List.of("--rw=randwrite", "--bs=4k", "--iodepth=1", "--fsync=1", "--numjobs=" + clients),
        least,
        goal);
  }

  private static NbdWorkload sequential(String name, String how, double least, double goal) {
    return new NbdWorkload(name, List.of("--rw=" + how, "--bs=1m", "--iodepth=4"), least, goal);
  }
}
