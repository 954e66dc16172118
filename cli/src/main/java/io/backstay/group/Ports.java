package io.backstay.group;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The choice of a group's ports, made once (rule K8). They lie below 32768, where Linux begins to
 * hand out ports for outgoing connections, in one block that is chosen at random, so that two
 * groups seldom meet even if one of them is down when the other one chooses: of so many blocks,
 * once in 635 times. Two that choose at the same time never do: until a group's servers listen
 * somebody listens at the last port of its block.
 */
final class Ports implements Closeable {
  static final int FIRST = 20_000;
  static final int END = 32_700;
  static final int BLOCK = 20;
  static final int TRIES_MAX = 200;

  private final List<Integer> ports;
  private final ServerSocket claim;

  private Ports(List<Integer> ports, ServerSocket claim) {
    this.ports = ports;
    this.claim = claim;
  }

  /**
   * @param count how many, fewer than {@link #BLOCK}
   * @param free whether nobody listens there now
   * @return adjacent ports, which nobody else chooses until it is closed
   * @throws IOException if no block was free
   */
  static Ports choose(int count, RandomGenerator random, IntPredicate free) throws IOException {
    if (count < 1 || count >= BLOCK)
      throw new IllegalArgumentException(
          "a block holds 1 to %d ports, not %d".formatted(BLOCK - 1, count));
    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
      int first = FIRST + BLOCK * random.nextInt((END - FIRST) / BLOCK);
      if (!IntStream.range(first, first + count).allMatch(free)) continue;
      Optional<ServerSocket> claim = listen(first + BLOCK - 1);
      if (claim.isPresent())
        return new Ports(IntStream.range(first, first + count).boxed().toList(), claim.get());
    }
    throw new IOException(
        "looked for %d adjacent free ports between %d and %d at %d places and found none"
            .formatted(count, FIRST, END, TRIES_MAX));
  }

  /** In rising order. */
  List<Integer> list() {
    return ports;
  }

  @Override
  public void close() throws IOException {
    claim.close();
  }

  /** Whether a server could listen there on the loopback address now. */
  static boolean free(int port) {
    Optional<ServerSocket> socket = listen(port);
    try {
      if (socket.isPresent()) socket.get().close();
      return socket.isPresent();
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<ServerSocket> listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      try {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return Optional.of(socket);
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
