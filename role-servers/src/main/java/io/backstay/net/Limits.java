package io.backstay.net;

import java.time.Duration;

/**
 * What bounds the memory and the patience of a network.
 *
 * @param connect time to reach a peer by TCP
 * @param silence a peer that was heard of for so long is gone; it is told that we live every third
 *     part of it
 * @param connections that one listener holds at a time, those not yet authenticated included
 * @param accepted authenticated connections that wait for {@code accept}
 * @param queuedBytes of frames per channel that nobody took yet: at this the socket is read no more
 * @param sendingBytes per channel handed over and not yet taken by the socket: at this {@code send}
 *     waits
 * @param payloadBytes of all channels together, received and not yet closed
 */
record Limits(
    Duration connect,
    Duration silence,
    int connections,
    int accepted,
    long queuedBytes,
    long sendingBytes,
    long payloadBytes) {

  /** A cut peer is noticed after 24 s. */
  static final Limits DEFAULT =
      new Limits(
          Duration.ofSeconds(5), Duration.ofSeconds(24), 512, 64, 8L << 20, 2L << 20, 24L << 20);

  Limits {
    if (connect.toMillis() < 1 || silence.toMillis() < 3) {
      throw new IllegalArgumentException("no time: " + connect + ", " + silence);
    }
    if (connections < 1
        || accepted < 1
        || queuedBytes < 1
        || sendingBytes < 1
        || payloadBytes < 1) {
      throw new IllegalArgumentException("a limit below 1 lets nothing through");
    }
  }
}
