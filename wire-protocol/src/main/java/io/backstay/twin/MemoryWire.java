package io.backstay.twin;

import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * What connects simulated servers: addresses, connections between them, and what can go wrong with
 * these. Each server process sees it through a {@link MemoryNetwork} of its own.
 *
 * <p>Frames are encoded and decoded as on a real wire, arrive in order, after {@link
 * #delay(Duration)}, or are lost with the connection; a transport never repeats or drops single
 * frames of a living connection. A partition breaks the connections between two servers at once and
 * refuses new ones: the time that a real keep-alive needs to notice is not played.
 */
public final class MemoryWire {
  private static final int FIRST_PORT = 20_000;

  /** Two names, in order. */
  private record Pair(String first, String second) implements Comparable<Pair> {
    static Pair of(String a, String b) {
      return a.compareTo(b) <= 0 ? new Pair(a, b) : new Pair(b, a);
    }

    @Override
    public int compareTo(Pair other) {
      int byFirst = first.compareTo(other.first);
      return byFirst != 0 ? byFirst : second.compareTo(other.second);
    }
  }

  private record Damage(String from, String to, int offset) {}

  private final Time time;
  private final ReentrantLock lock = new ReentrantLock();
  private final TreeMap<String, MemoryListener> listeners = new TreeMap<>();
  private final List<MemoryChannel> channels = new ArrayList<>();
  private final TreeSet<String> refused = new TreeSet<>();
  private final TreeSet<Pair> partitions = new TreeSet<>();
  private final List<Damage> damages = new ArrayList<>();
  private volatile BiConsumer<String, String> hook = (server, operation) -> {};
  private volatile Duration delay = Duration.ZERO;
  private int nextPort = FIRST_PORT;

  public MemoryWire(Time time) {
    this.time = time;
  }

  /** How long each frame that is sent from now on takes. */
  public void delay(Duration delay) {
    this.delay = delay;
  }

  /** Runs before each operation, with the server's name and the operation; may stop or kill. */
  public void beforeEachOperation(BiConsumer<String, String> hook) {
    this.hook = hook;
  }

  /** Connections to the address are refused, as if nobody listened, until {@link #accept}. */
  public void refuse(String address) {
    locked(() -> refused.add(address));
  }

  /** Takes {@link #refuse} back. */
  public void accept(String address) {
    locked(() -> refused.remove(address));
  }

  /** Breaks every connection between two servers; of the frames on their way some still arrive. */
  public void cut(String server, String other, RandomGenerator random) {
    cut(between(Pair.of(server, other)), "connection reset", random);
  }

  /** As {@link #cut}, and no new connection until {@link #heal}. */
  public void partition(String server, String other, RandomGenerator random) {
    locked(() -> partitions.add(Pair.of(server, other)));
    cut(server, other, random);
  }

  /** Ends a partition. */
  public void heal(String server, String other) {
    locked(() -> partitions.remove(Pair.of(server, other)));
  }

  /** Flips a bit of the next frame between these two, or of its last byte if it is shorter. */
  public void damageNextFrame(String from, String to, int offset) {
    locked(() -> damages.add(new Damage(from, to, offset)));
  }

  // ---- for the twins

  Duration delay() {
    return delay;
  }

  /** Before anything else of an operation. */
  void operation(MemoryNetwork network, String operation, String other) {
    hook.accept(network.self().name(), operation + " " + other);
    network.requireAlive();
  }

  Channel connect(MemoryNetwork from, String address) throws IOException {
    operation(from, "connect", address);
    lock.lock();
    try {
      MemoryListener listener = listeners.get(address);
      if (listener == null || refused.contains(address))
        throw new ConnectException("connection to " + address + " refused: nobody listens there");
      Peer here = from.self();
      Peer there = listener.owner().self();
      if (partitions.contains(Pair.of(here.name(), there.name())))
        throw new ConnectException("connection to " + address + " timed out: no route");
      if (!here.group().equals(there.group())) {
        throw new IOException(
            "handshake with %s failed: its certificate is of group %s, ours of %s"
                .formatted(address, there.group(), here.group()));
      }
      MemoryPipe forth = new MemoryPipe(time);
      MemoryPipe back = new MemoryPipe(time);
      MemoryChannel near = new MemoryChannel(this, from, there, forth, back);
      MemoryChannel far = new MemoryChannel(this, listener.owner(), here, back, forth);
      listener.offer(far);
      channels.add(near);
      channels.add(far);
      return near;
    } finally {
      lock.unlock();
    }
  }

  Network.Listener listen(MemoryNetwork owner, String address) throws IOException {
    operation(owner, "listen", address);
    lock.lock();
    try {
      String real = address.endsWith(":0") ? freeAddress(address) : address;
      if (listeners.containsKey(real))
        throw new BindException("cannot listen at " + real + ": Address already in use");
      MemoryListener listener = new MemoryListener(this, owner, real);
      listeners.put(real, listener);
      return listener;
    } finally {
      lock.unlock();
    }
  }

  void damage(String from, String to, ByteBuffer frame) {
    locked(() -> {
      for (int i = 0; i < damages.size(); i++) {
        Damage damage = damages.get(i);
        if (damage.from().equals(from) && damage.to().equals(to)) {
          damages.remove(i);
          int at = Math.min(damage.offset(), frame.limit() - 1);
          frame.put(at, (byte) (frame.get(at) ^ 0x10));
          return;
        }
      }
    });
  }

  void forget(MemoryChannel channel) {
    locked(() -> channels.remove(channel));
  }

  void forget(MemoryListener listener) {
    locked(() -> listeners.remove(listener.address(), listener));
  }

  void closeAllOf(MemoryNetwork network, RandomGenerator random) {
    List<MemoryListener> theirs = new ArrayList<>();
    locked(
        () -> listeners.values().stream().filter(l -> l.owner() == network).forEach(theirs::add));
    theirs.forEach(MemoryListener::close);
    cut(channel -> channel.owner() == network, "connection reset: the peer died", random);
  }

  private void cut(Predicate<MemoryChannel> which, String reason, RandomGenerator random) {
    List<MemoryChannel> hit = new ArrayList<>();
    locked(() -> channels.stream().filter(which).forEach(hit::add));
    for (MemoryChannel channel : hit) {
      int out = random.nextInt(channel.out().parcelsOnTheirWay() + 1);
      int in = random.nextInt(channel.in().parcelsOnTheirWay() + 1);
      channel.cut(reason, out, in);
    }
  }

  private static Predicate<MemoryChannel> between(Pair pair) {
    return channel -> pair.equals(Pair.of(channel.owner().self().name(), channel.peer().name()));
  }

  private String freeAddress(String address) {
    String host = address.substring(0, address.length() - 1);
    while (listeners.containsKey(host + nextPort)) nextPort++;
    return host + nextPort++;
  }

  private void locked(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }
}
