package io.backstay.export;

import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import java.util.concurrent.atomic.AtomicInteger;

/** The answer to a request of several parts, of which some are done later. */
final class Gather implements Answer {
  private final Answer whole;

  /** The parts that are not done, and the call that hands them out. */
  private final AtomicInteger missing = new AtomicInteger(1);

  private final AtomicInteger error = new AtomicInteger(Export.DONE);

  Gather(Answer whole) {
    this.whole = whole;
  }

  /** One part more, which is answered here. */
  Answer part() {
    missing.incrementAndGet();
    return this;
  }

  /** What an export's method said of a part that was given {@link #part}. */
  void said(int result) {
    if (result != Export.LATER) done(result);
  }

  @Override
  public void done(int partError) {
    error.compareAndSet(Export.DONE, partError);
    if (missing.decrementAndGet() == 0) whole.done(error.get());
  }

  /** All parts were handed out: what the method that did it answers. */
  int result() {
    return missing.decrementAndGet() == 0 ? error.get() : Export.LATER;
  }
}
