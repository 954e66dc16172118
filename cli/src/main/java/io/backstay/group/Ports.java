package io.backstay.group;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The choice of a group's ports, made once (rule K8). They lie below 32768, where Linux begins to
 * hand out ports for outgoing connections, in one block that is chosen at random, so that two
 * groups seldom meet even if one of them is down, or is about to start, when the other one chooses:
 * of so many blocks, once in 635 times.
 */
final class Ports {
  static final int FIRST = 20_000;
  static final int END = 32_700;
  static final int BLOCK = 20;
  static final int TRIES_MAX = 200;

  private Ports() {}

  /**
   * @param count how many, at most {@link #BLOCK}
   * @param free whether nobody listens there now
   * @return adjacent ports
   * @throws IOException if no block was free
   */
  static List<Integer> choose(int count, RandomGenerator random, IntPredicate free)
      throws IOException {
    if (count < 1 || count > BLOCK)
      throw new IllegalArgumentException(
          "a block holds 1 to %d ports, not %d".formatted(BLOCK, count));
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
      int first = FIRST + BLOCK * random.nextInt((END - FIRST) / BLOCK);
      if (IntStream.range(first, first + count).allMatch(free)) {
        return IntStream.range(first, first + count).boxed().toList();
      }
    }
    throw new IOException(
        "looked for %d adjacent free ports between %d and %d at %d places and found none"
            .formatted(count, FIRST, END, TRIES_MAX));
  }

  /** Whether a server could listen there on the loopback address now. */
  static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
