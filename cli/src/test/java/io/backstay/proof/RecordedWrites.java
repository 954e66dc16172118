package io.backstay.proof;

import io.backstay.nbd.RawClient;
import io.backstay.seam.Time;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A client that writes to a logged volume all the time, one request after the other, and remembers
 * each with the times when it was sent and when it was answered. What is not answered because the
 * storage died it sends again, as NBD clients do.
 */
final class RecordedWrites implements AutoCloseable {
  private static final Duration BETWEEN = Duration.ofMillis(10);
  private static final Duration CONNECT_AGAIN_AFTER = Duration.ofMillis(100);
  private static final int CONNECTS_MAX = 600;
  private static final int SECTOR = 512;
  private static final int BLOCK = 4096;
  private static final int BLOCKS_MAX = 16;
  private static final int FLUSH_EACH = 16;

  private final String export;
  private final SocketAddress address;
  private final long sizeBytes;
  private final long seed;
  private final List<Recorded> writes = new ArrayList<>();
  private volatile boolean stopping;
  private volatile Duration between = BETWEEN;
  private volatile Exception failure;
  private RawClient client;
  private Thread thread;

  /**
   * @param seed of its bytes; 0 for zeroes
   */
  record Recorded(long offset, int bytes, long seed, Instant sent, Instant answered) {
    byte[] content() {
      byte[] content = new byte[bytes];
      if (seed != 0) new SplittableRandom(seed).nextBytes(content);
      return content;
    }
  }

  private RecordedWrites(String export, SocketAddress address, long sizeBytes, long seed) {
    this.export = export;
    this.address = address;
    this.sizeBytes = sizeBytes;
    this.seed = seed;
  }

  static RecordedWrites start(String export, SocketAddress address, long sizeBytes, long seed) {
    RecordedWrites writes = new RecordedWrites(export, address, sizeBytes, seed);
    writes.thread = Time.system().fork("writes to " + export, writes::write);
    return writes;
  }

  private void write() {
    SplittableRandom random = new SplittableRandom(seed);
    try {
      for (int number = 1; !stopping; number++) {
        Recorded next = next(random);
        carryOut(next);
        if (number % FLUSH_EACH == 0) flush();
        synchronized (writes) {
          writes.add(
              new Recorded(next.offset, next.bytes, next.seed, next.sent, Time.system().now()));
        }
        Time.system().sleep(between);
      }
      if (client != null) client.close();
    } catch (IOException | InterruptedException | RuntimeException e) {
      failure = e;
    }
  }

  /** Mostly blocks, sometimes sectors, sometimes zeroes. */
  private Recorded next(SplittableRandom random) {
    int kind = random.nextInt(8);
    int unit = kind == 0 ? SECTOR : BLOCK;
    int bytes = unit * random.nextInt(1, kind == 1 ? 4 * BLOCKS_MAX : BLOCKS_MAX + 1);
    long offset = unit * random.nextLong((sizeBytes - bytes) / unit + 1);
    long content = kind == 1 ? 0 : random.nextLong(1, Long.MAX_VALUE);
    return new Recorded(offset, bytes, content, Time.system().now(), Instant.MAX);
  }

  private void carryOut(Recorded write) throws IOException, InterruptedException {
    for (int i = 0; ; i++) {
      try {
        RawClient connected = connected();
        if (write.seed == 0) connected.discard(write.offset, write.bytes);
        else connected.store(write.offset, write.content());
        return;
      } catch (IOException e) {
        disconnect();
        if (i == CONNECTS_MAX) throw e;
        Time.system().sleep(CONNECT_AGAIN_AFTER);
      }
    }
  }

  private void flush() throws IOException {
    try {
      connected().flush();
    } catch (IOException e) {
      disconnect(); // the next write connects again
    }
  }

  private RawClient connected() throws IOException {
    if (client == null) client = RawClient.using(export, address);
    return client;
  }

  private void disconnect() throws IOException {
    if (client != null) client.close();
    client = null;
  }

  /** From now on it rests so long between two writes. */
  void rest(Duration rest) {
    between = rest;
  }

  int count() {
    synchronized (writes) {
      return writes.size();
    }
  }

  /** Returns when so many more were answered. */
  void awaitMore(int more) throws InterruptedException {
    int wanted = count() + more;
    while (count() < wanted) {
      if (failure != null) throw new AssertionError("the writer gave up", failure);
      Time.system().sleep(BETWEEN);
    }
  }

  /** Stops behind a write that was answered; all of them, in the order of the volume's log. */
  List<Recorded> stop() throws InterruptedException {
    stopping = true;
    thread.join();
    if (failure != null) throw new AssertionError("the writer gave up", failure);
    return List.copyOf(writes);
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
  }
}
