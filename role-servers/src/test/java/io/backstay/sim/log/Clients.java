package io.backstay.sim.log;

import io.backstay.log.LogGivenUpException;
import io.backstay.log.LogPosition;
import io.backstay.log.LoggedVolume;
import io.backstay.nbd.Export;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.sim.Violation;
import io.backstay.wlog.LogRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The event loop of a volume's NBD server, and the clients behind it: requests in the order in
 * which they come, several of them under way, answers whenever they are there.
 */
public final class Clients {
  /** Where they are. */
  public interface Ground {
    VolumeHistory history();

    /** Whether all requests are alike. */
    boolean uniform();

    /** Whether there is one client, which flushes after each write. */
    default boolean alone() {
      return false;
    }

    /** Whether its server still has connections for that volume. */
    default boolean serves(LoggedVolume volume) {
      return true;
    }

    /** Whether something is wrong that may make requests fail. */
    boolean mayFail();

    void say(String what);

    /** After each request. */
    void asked();

    void logWasRead();

    /** How long an answer may take. */
    Duration patience();
  }

  private static final int BLOCK_BYTES = 4096;
  private static final int SECTOR = VolumeHistory.SECTOR_BYTES;
  private static final int READ_BYTES_MAX = 64 << 10;

  private final Ground world;
  private final VolumeHistory history;
  private final LoggedVolume volume;
  private final Time time;
  private final RandomGenerator random;
  private final Gate answered;
  private final ArrayDeque<ByteBuffer> buffers;
  private final List<Connection> connections = new ArrayList<>();
  private final double idle;
  private Connection here;
  private int underWay;
  private boolean stopping;
  private boolean failed;

  /**
   * @param buffers of {@link #READ_BYTES_MAX}, used again and again
   */
  public Clients(Ground world, LoggedVolume volume, Time time, ArrayDeque<ByteBuffer> buffers) {
    this.world = world;
    this.history = world.history();
    this.volume = volume;
    this.time = time;
    this.random = time.random();
    this.answered = time.gate();
    this.buffers = buffers;
    int many = world.uniform() || world.alone() ? 1 : 1 + random.nextInt(4);
    for (int i = 0; i < many; i++) connections.add(new Connection());
    this.here = connections.getFirst();
    this.idle = random.nextInt(3) == 0 ? 0.2 : world.uniform() ? 0.002 : 0.02;
  }

  /** One client. All are of the volume's one event loop, and write where they like. */
  private final class Connection {
    private final int depth = world.alone() ? 1 : world.uniform() ? 64 : 1 << random.nextInt(6);
    private final int writeBytesMax = 4096 << random.nextInt(random.nextInt(6) == 0 ? 10 : 5);
    private int underWay;

    /** Nobody hears its answers: what it asked for may have been done or not. */
    private boolean cut;
  }

  private Connection anyConnection() {
    int index = random.nextInt(connections.size());
    if (connections.size() > 1 && random.nextInt(100) == 0) {
      world.say("connection %d is cut, another one comes".formatted(index));
      connections.get(index).cut = true;
      connections.set(index, new Connection());
    }
    return connections.get(index);
  }

  /** Requests, one after the other, without waiting for what is not needed. */
  public void ask(int requests) throws InterruptedException {
    for (int i = 0; i < requests; i++) {
      here = anyConnection();
      history.sizeFound(volume.sizeBytes());
      while (here.underWay >= here.depth) awaitAnswer();
      if (random.nextDouble() < idle) time.sleep(someTime());
      else if (random.nextInt(4) == 0) Thread.yield();
      if (!world.serves(volume)) return;
      boolean alone = world.alone() && random.nextInt(32) > 0;
      int choice = world.uniform() && random.nextInt(8) > 0 ? 0 : random.nextInt(100);
      if (alone) writeAndFlush();
      else if (choice < 60) write();
      else if (choice < 68) trim();
      else if (choice < 74) zeroes();
      else if (choice < 86) flush();
      else if (choice < 96) read();
      else if (choice < 98) extents();
      else if (random.nextInt(3) == 0) readLog();
      world.asked();
      if (random.nextInt(3) == 0) volume.caughtUp();
      if (volume.failure().isPresent() && random.nextInt(8) == 0) return;
    }
    if (random.nextBoolean()) awaitAll();
  }

  private Duration someTime() {
    return Duration.ofNanos(random.nextLong(1L << random.nextInt(20, 35)) + 1);
  }

  /** Requests that are under way may fail from now on. */
  public void stopping() {
    stopping = true;
  }

  public void awaitAll() throws InterruptedException {
    while (underWay > 0) awaitAnswer();
  }

  private void awaitAnswer() throws InterruptedException {
    volume.caughtUp();
    if (!answered.await(world.patience()))
      throw new Violation(
          "9", "no answer within " + world.patience() + " for " + underWay + " requests");
  }

  /** What becomes of an answer. */
  private interface Outcome {
    void done();
  }

  private interface Call {
    int call(Export.Answer answer);
  }

  private void call(String what, Call request, Outcome outcome) {
    world.say(what);
    Connection from = here;
    underWay++;
    from.underWay++;
    boolean[] over = new boolean[1];
    Export.Answer later =
        error -> {
          if (over[0]) throw new Violation("5", what + " was answered twice");
          over[0] = true;
          world.say(what + " is answered with " + error);
          settle(from, what, error, outcome);
          answered.open();
        };
    int now = request.call(later);
    if (now == Export.LATER) return;
    if (over[0]) throw new Violation("5", what + " was answered twice");
    over[0] = true;
    settle(from, what, now, outcome);
  }

  private void settle(Connection from, String what, int error, Outcome outcome) {
    underWay--;
    from.underWay--;
    failed |= error != Export.DONE;
    if (from.cut) return;
    if (error == Export.DONE) outcome.done();
    else if (!stopping && !world.mayFail())
      throw new Violation("9", "%s failed with %d, and nothing is wrong".formatted(what, error));
  }

  // ---- requests

  private record Sectors(int from, int to) {
    long offset() {
      return (long) from * SECTOR;
    }

    int bytes() {
      return (to - from) * SECTOR;
    }

    @Override
    public String toString() {
      return "%d..%d".formatted(from, to - 1);
    }
  }

  /** Half of them aligned to 4 KiB, and some always at the same place. */
  private Sectors some(int bytesMax) {
    int grain = random.nextBoolean() ? 8 : 1;
    int many = 1 + random.nextInt(Math.max(1, bytesMax / SECTOR / grain));
    int length = Math.min(many * grain, history.sectors());
    int room = (history.sectors() - length) / grain;
    int from = random.nextInt(4) == 0 ? 0 : random.nextInt(room + 1) * grain;
    return new Sectors(from, from + length);
  }

  private Sectors block() {
    int from = random.nextInt(history.sectors() / 8) * 8;
    return new Sectors(from, from + 8);
  }

  /** The log writer may take each of these writes alone, before it is asked to flush. */
  private void writeAndFlush() throws InterruptedException {
    for (int many = 1 + random.nextInt(2); many > 0; many--) {
      write();
      awaitAll();
      if (random.nextBoolean()) time.sleep(Duration.ofNanos(1));
    }
    flush();
    awaitAll();
  }

  private void write() {
    Sectors where = world.uniform() || world.alone() ? block() : some(here.writeBytesMax);
    boolean durable = random.nextInt(world.uniform() || world.alone() ? 40 : 10) == 0;
    Change change = history.write(where.from(), where.to());
    ByteBuffer bytes = ByteBuffer.allocate(where.bytes());
    VolumeHistory.fill(change, bytes);
    bytes.flip();
    int cut = random.nextInt(where.bytes() + 1);
    List<ByteBuffer> parts = List.of(bytes.slice(0, cut), bytes.slice(cut, where.bytes() - cut));
    call(
        change + (durable ? " with FUA" : ""),
        answer -> volume.write(where.offset(), parts, where.bytes(), durable, answer),
        () -> history.acknowledged(change, durable));
  }

  private void trim() {
    Sectors where = some(random.nextInt(4) == 0 ? history.sectors() * SECTOR : here.writeBytesMax);
    boolean durable = random.nextInt(10) == 0;
    Change change = history.discard(where.from(), where.to());
    call(
        change + (durable ? " with FUA" : ""),
        answer -> volume.trim(where.offset(), where.bytes(), durable, answer),
        () -> history.acknowledged(change, durable));
  }

  private void zeroes() {
    Sectors where = some(here.writeBytesMax);
    boolean keepSpace = random.nextBoolean();
    boolean durable = random.nextInt(10) == 0;
    Change change = history.discard(where.from(), where.to());
    call(
        change + (keepSpace ? " by zeroes" : ""),
        answer -> volume.zeroes(where.offset(), where.bytes(), keepSpace, false, durable, answer),
        () -> history.acknowledged(change, durable));
  }

  private void flush() {
    long flushing = history.flushing();
    call("flush", volume::flush, () -> history.flushed(flushing));
  }

  private void read() {
    Sectors where = some(Math.min(READ_BYTES_MAX, history.sectors() * SECTOR));
    VolumeHistory.Reading reading = history.reading(where.from(), where.to());
    ByteBuffer into = buffer().limit(where.bytes());
    call(
        "read of " + where,
        answer -> volume.read(where.offset(), into, answer),
        () -> {
          history.read(reading, into);
          buffers.add(into);
        });
  }

  private ByteBuffer buffer() {
    ByteBuffer free = buffers.poll();
    return free == null ? BufferPool.aligned(READ_BYTES_MAX) : free.clear();
  }

  private void extents() {
    Sectors where = some(history.sectors() * SECTOR);
    int[] at = {where.from()};
    volume.extents(
        where.offset(),
        where.bytes(),
        (lengthBytes, hole, zero) -> {
          int end = at[0] + (int) (lengthBytes / SECTOR);
          if (zero) history.zero(at[0], end);
          at[0] = end;
        },
        error -> {
          throw new Violation("9", "extents of %s were told late".formatted(where));
        });
    if (at[0] != where.to())
      throw new Violation("9", "extents of %s end at %d".formatted(where, at[0]));
  }

  /** All that the log keeps, while it goes on. */
  private void readLog() {
    LogPosition at = volume.position();
    if (at.oldest() == at.durable()) return;
    world.say("the log is read from %d to %d".formatted(at.oldest(), at.durable()));
    time.fork("read-log", () -> readLog(at));
  }

  private void readLog(LogPosition at) {
    long[] moment = new long[1];
    try {
      volume
          .extract()
          .run(
              at.oldest(),
              at.durable(),
              (pack, data) -> {
                for (LogRecord record : pack.records()) {
                  if (record.kind() != LogRecord.Kind.NORMAL) continue;
                  int block = (int) (pack.lsidOf(record) - pack.lsid() - 1);
                  ByteBuffer bytes = data.slice(block * BLOCK_BYTES, record.dataBytes());
                  moment[0] = history.logged(moment[0], (int) record.offsetSectors(), bytes);
                }
              });
      world.logWasRead();
    } catch (LogGivenUpException e) {
      world.say("the log was given up while it was read");
    } catch (IOException e) {
      world.say("the log cannot be read: " + e.getMessage());
      if (!world.mayFail()) throw new Violation("6", "the log cannot be read: " + e);
    }
  }

  /** The whole volume, while nobody else asks for anything. */
  public ByteBuffer readAll() throws InterruptedException {
    failed = false;
    int size = history.sectors() * SECTOR;
    ByteBuffer all = ByteBuffer.allocate(size);
    for (int at = 0; at < size; at += READ_BYTES_MAX) {
      int from = at;
      ByteBuffer into = buffer().limit(Math.min(READ_BYTES_MAX, size - at));
      call("look at " + at, answer -> volume.read(from, into, answer), () -> {});
      awaitAll();
      if (failed) return null;
      all.put(into.flip());
      buffers.add(into);
    }
    return all;
  }
}
