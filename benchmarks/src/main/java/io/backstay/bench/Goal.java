package io.backstay.bench;

/**
 * What is aimed at: our throughput is at least {@code factor} times the peer's.
 *
 * @param ratio the peer's median wall time by ours
 */
record Goal(String work, String peer, double factor, double ratio) {
  boolean met() {
    return ratio >= factor;
  }
}
