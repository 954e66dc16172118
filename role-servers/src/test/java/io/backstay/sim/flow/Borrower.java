package io.backstay.sim.flow;

import io.backstay.nbd.Export;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Gate;
import io.backstay.seam.Time;
import io.backstay.sim.SimulatedGroup;
import io.backstay.sim.SimulatedProcess;
import io.backstay.sim.Violation;
import io.backstay.sim.log.VolumeHistory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The one client of an export in one life of its archive: all that it does, its event loop does.
 */
final class Borrower {
  private static final int SECTOR = VolumeHistory.SECTOR_BYTES;
  private static final int READ_BYTES_MAX = 64 << 10;
  private static final int WRITE_SECTORS_MAX = 48;
  private static final int UNDER_WAY_MAX = 8;
  private static final Duration PATIENCE = Duration.ofHours(2);

  private final SimulatedGroup group;
  private final Promises promises;
  private final Loan loan;
  private final Export export;
  private final Time time;
  private final RandomGenerator random;
  private final Gate answered;
  private int underWay;
  private boolean failed;

  Borrower(SimulatedGroup group, Promises promises, Loan loan, Export export, Time time) {
    this.group = group;
    this.promises = promises;
    this.loan = loan;
    this.export = export;
    this.time = time;
    this.random = time.random();
    this.answered = time.gate();
  }

  /** Compares all, then reads and writes until the loan ends, or the export. */
  void use(SimulatedProcess process) throws InterruptedException {
    ByteBuffer all = readAll();
    while (all == null && isThere()) {
      time.sleep(Duration.ofSeconds(1));
      all = readAll();
    }
    if (all == null) return;
    loan.found(all, process);
    promises.count("export compared");
    while (!loan.isClosing() && isThere()) {
      for (int i = random.nextInt(8); i >= 0 && isThere(); i--) request();
      if (random.nextInt(4) > 0) awaitAll();
      time.sleep(Duration.ofNanos(random.nextLong(1L << random.nextInt(22, 35)) + 1));
    }
    awaitAll();
  }

  /** Whether its archive still serves this very export, so that its connections live. */
  private boolean isThere() {
    return group.export(loan.archive(), loan.name()).filter(export::equals).isPresent();
  }

  private ByteBuffer readAll() throws InterruptedException {
    failed = false;
    int size = (int) export.sizeBytes();
    ByteBuffer all = ByteBuffer.allocate(size);
    for (int at = 0; at < size; at += READ_BYTES_MAX) {
      ByteBuffer into = BufferPool.aligned(Math.min(READ_BYTES_MAX, size - at));
      int from = at;
      ask("look at " + at, answer -> export.read(from, into, answer), () -> {});
      awaitAll();
      if (failed) return null;
      all.put(into.position(0));
    }
    return all.flip();
  }

  private void request() throws InterruptedException {
    while (underWay >= UNDER_WAY_MAX) awaitAnswer();
    int choice = loan.writable() ? random.nextInt(100) : random.nextInt(45);
    if (choice < 38) read();
    else if (choice < 45) extents();
    else if (choice < 72) write();
    else if (choice < 86) zeroes();
    else flush();
  }

  // ---- asking and hearing

  private interface Call {
    int call(Export.Answer answer);
  }

  private void ask(String what, Call request, Runnable done) {
    underWay++;
    boolean[] over = new boolean[1];
    int now =
        request.call(error -> {
          settle(what, error, done, over);
          answered.open();
        });
    if (now != Export.LATER) settle(what, now, done, over);
  }

  /** On whatever thread it comes: what is wrong is told to who looks at everything. */
  private void settle(String what, int error, Runnable done, boolean[] over) {
    try {
      if (over[0]) throw new Violation("5", "%s of %s was answered twice".formatted(what, loan));
      over[0] = true;
      underWay--;
      failed |= error != Export.DONE;
      if (error == Export.DONE) done.run();
      else if (!loan.mayFail() && isThere())
        throw new Violation(
            "9", "%s of %s failed with %d, and nothing is wrong".formatted(what, loan, error));
    } catch (Violation e) {
      promises.violated(e);
    }
  }

  private void awaitAll() throws InterruptedException {
    while (underWay > 0) awaitAnswer();
  }

  private void awaitAnswer() throws InterruptedException {
    if (!answered.await(PATIENCE))
      throw new Violation("9", "no answer within %s from %s".formatted(PATIENCE, loan));
  }

  // ---- requests

  private int anyLength(int sectorsMax) {
    int grain = random.nextBoolean() ? 8 : 1;
    return Math.min(loan.overlay().sectors(), grain * (1 + random.nextInt(sectorsMax / grain)));
  }

  private int anySector(int length) {
    int room = loan.overlay().sectors() - length;
    return random.nextInt(3) == 0 ? 0 : random.nextInt(room + 1) / 8 * 8;
  }

  private void read() {
    int length = anyLength(READ_BYTES_MAX / SECTOR);
    int from = anySector(length);
    int[] reading = loan.overlay().reading(from, from + length);
    ByteBuffer into = BufferPool.aligned(length * SECTOR);
    ask(
        "read",
        answer -> export.read((long) from * SECTOR, into, answer),
        () -> loan.overlay().read(from, reading, into.position(0)));
  }

  /** While nobody writes. */
  private void extents() throws InterruptedException {
    awaitAll();
    int length = anyLength(loan.overlay().sectors());
    int from = anySector(length);
    int[] at = {from};
    ask(
        "extents",
        answer ->
            export.extents(
                (long) from * SECTOR,
                (long) length * SECTOR,
                (bytes, hole, zero) -> {
                  int end = at[0] + (int) (bytes / SECTOR);
                  if (zero) loan.overlay().zero(at[0], end);
                  at[0] = end;
                },
                answer),
        () -> {});
    awaitAll();
  }

  private void write() {
    int length = anyLength(WRITE_SECTORS_MAX);
    int from = anySector(length);
    boolean durable = random.nextInt(6) == 0;
    Overlay.Write write = loan.overlay().write(from, from + length, false);
    ByteBuffer bytes = BufferPool.aligned(length * SECTOR);
    Overlay.fill(write, bytes);
    bytes.flip();
    int cut = random.nextInt(length + 1) * SECTOR;
    List<ByteBuffer> parts =
        List.of(bytes.slice(0, cut), bytes.slice(cut, bytes.remaining() - cut));
    ask(
        "write",
        answer -> export.write((long) from * SECTOR, parts, length * SECTOR, durable, answer),
        () -> write.answered(durable));
  }

  private void zeroes() {
    int length = anyLength(WRITE_SECTORS_MAX);
    int from = anySector(length);
    boolean keep = random.nextBoolean();
    boolean durable = random.nextInt(6) == 0;
    Overlay.Write write = loan.overlay().write(from, from + length, true);
    ask(
        "zeroes",
        answer ->
            export.zeroes(
                (long) from * SECTOR, (long) length * SECTOR, keep, false, durable, answer),
        () -> write.answered(durable));
  }

  private void flush() {
    List<Overlay.Write> flushing = loan.overlay().flushing();
    ask("flush", export::flush, () -> Overlay.flushed(flushing));
  }
}
