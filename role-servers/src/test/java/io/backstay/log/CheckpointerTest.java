package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Cut;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When the data device is flushed, and when not; and what sets the pace of its writes. */
class CheckpointerTest extends CutsGround {
  private static final int PART = 64 << 10;
  private static final long RING_BYTES = 8 << 20;

  /** Continuous backup lets go of log every few seconds. */
  @Test
  void logThatIsLetGoOfCostsNoFlushOfTheDataDevice() throws Exception {
    checkpointInterval = Duration.ofHours(1);
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    write(PART);
    Cut sent = volume.cut();
    disk.powerLoss(random);
    open();
    assertThat(volume.position().written()).isEqualTo(sent.lsid());
    AtomicInteger flushes = new AtomicInteger();
    disk.beforeEachOperation(operation -> {
      if (operation.startsWith("flush") && operation.contains("/dev/data"))
        flushes.incrementAndGet();
    });
    write(PART);
    assertThat(client.flush()).isZero();

    volume.release(sent.lsid());

    while (volume.position().oldest() < sent.lsid()) Thread.onSpinWait();
    assertThat(volume.position().written()).isEqualTo(sent.lsid());
    assertThat(flushes).hasValue(0);
    volume.stop();
    assertThat(flushes).hasPositiveValue();
  }

  /** Else they would fill the log, and then wait as long as a checkpoint takes. */
  @Test
  void clientsThatFillTheLogFasterThanItIsFlushedWriteAtThePaceOfTheDataDevice() throws Exception {
    checkpointInterval = Duration.ofHours(1);
    AtomicInteger begun = new AtomicInteger();
    CompletableFuture<Void> mayFlush = new CompletableFuture<>();
    make(RING_BYTES);
    disk.beforeEachOperation(operation -> {
      if (!operation.contains("/dev/data")) return;
      if (operation.startsWith("begin-writing")) begun.incrementAndGet();
      if (operation.startsWith("flush")) mayFlush.join();
    });
    try {
      fill(RING_BYTES * 3 / 8);
      assertThat(begun).hasValue(0);
      // More than half of the log and the whole tail: so that something of it has to be applied.
      fill(RING_BYTES * 5 / 16);
      assertThat(begun).hasPositiveValue();
    } finally {
      mayFlush.complete(null);
    }
    volume.stop();
  }

  private void fill(long bytes) {
    for (long at = 0; at < bytes; at += PART) write(PART);
    assertThat(client.flush()).isZero();
  }
}
