package io.backstay.cli;

import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;

/**
 * Lets a tenant write one row after another, and remembers when each was begun and when it was
 * durable: what of them a moment must hold, and what it may hold.
 */
final class DemoRows {
  private final Tenant tenant;
  private final Time time;
  private final Duration every;
  private final List<Row> rows = new CopyOnWriteArrayList<>();
  private volatile boolean stopping;
  private volatile Optional<Exception> failure = Optional.empty();
  private Optional<Thread> writing = Optional.empty();

  /** One that is durable. */
  record Row(long number, String text, Instant begun, Instant durable) {}

  DemoRows(Tenant tenant, Time time, Duration every) {
    this.tenant = tenant;
    this.time = time;
    this.every = every;
  }

  void start() {
    writing = Optional.of(time.fork("rows of the demo", this::write));
  }

  private void write() {
    RandomGenerator random = time.random();
    try {
      for (long number = 1; !stopping; number++) {
        String text = "%016x%016x".formatted(random.nextLong(), random.nextLong());
        Instant begun = time.now();
        tenant.write(number, text);
        rows.add(new Row(number, text, begun, time.now()));
        time.sleep(every);
      }
    } catch (IOException | RuntimeException e) {
      failure = Optional.of(e);
    } catch (InterruptedException e) {
      // The demo was given up.
    }
  }

  /**
   * Returns when the last row is durable.
   *
   * @throws IOException when one could not be written
   */
  void stop() throws IOException, InterruptedException {
    stopping = true;
    if (writing.isPresent()) writing.get().join();
    if (failure.isPresent()) throw new IOException("a row could not be written", failure.get());
  }

  /** For a demo that ends early. */
  void giveUp() {
    stopping = true;
    writing.ifPresent(Thread::interrupt);
  }

  /** False when it stopped, also because it could not go on. */
  boolean isWriting() {
    return !stopping && failure.isEmpty();
  }

  int count() {
    return rows.size();
  }

  /** The last row; there is one. */
  Row last() {
    return rows.getLast();
  }

  Row get(long number) {
    return rows.get(Math.toIntExact(number - 1));
  }

  /** So many rows were durable before that moment: whatever holds the moment has them. */
  long durableBefore(Instant moment) {
    return rows.stream().filter(row -> row.durable().isBefore(moment)).count();
  }

  /** So many rows were begun until that moment: what holds the moment can have no others. */
  long begunUntil(Instant moment) {
    return rows.stream().filter(row -> !row.begun().isAfter(moment)).count();
  }
}
