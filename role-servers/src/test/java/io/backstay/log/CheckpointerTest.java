package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Cut;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When the data device is flushed, and when not. */
class CheckpointerTest extends CutsGround {
  /** Continuous backup lets go of log every few seconds. */
  @Test
  void logThatIsLetGoOfCostsNoFlushOfTheDataDevice() throws Exception {
    checkpointInterval = Duration.ofHours(1);
    make(64 << 20);
    volume.openSession(1, UUID, 0);
    write(64 << 10);
    Cut sent = volume.cut();
    disk.powerLoss(random);
    open();
    assertThat(volume.position().written()).isEqualTo(sent.lsid());
    AtomicInteger flushes = new AtomicInteger();
    disk.beforeEachOperation(operation -> {
      if (operation.startsWith("flush") && operation.contains("/dev/data"))
        flushes.incrementAndGet();
    });
    write(64 << 10);
    assertThat(client.flush()).isZero();

    volume.release(sent.lsid());

    while (volume.position().oldest() < sent.lsid()) Thread.onSpinWait();
    assertThat(volume.position().written()).isEqualTo(sent.lsid());
    assertThat(flushes).hasValue(0);
    volume.stop();
    assertThat(flushes).hasPositiveValue();
  }
}
