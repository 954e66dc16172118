package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rule X4: what a backup reads is handed on when the log that it holds is durable. */
class LiveImageTest {
  private static final int BYTES = 1 << 20;
  private static final int TAIL_BYTES = 256 << 10;

  private final MemoryDisk disk = new MemoryDisk();
  private final CountDownLatch flushBegun = new CountDownLatch(1);
  private final CountDownLatch mayFlush = new CountDownLatch(1);
  private final AtomicBoolean flushed = new AtomicBoolean();
  private LoggedVolume volume;
  private Client client;

  /** Two writes: the first is durable, the second is not until it may be. */
  @BeforeEach
  void begin() throws IOException {
    disk.addBlockDevice("/dev/log", 4 * TAIL_BYTES + 10 * 4096);
    disk.addBlockDevice("/dev/data", BYTES);
    VolumeParts parts =
        PartsOnDisk.of(disk, Time.system(), new LogSettings(TAIL_BYTES, Duration.ofMillis(50)));
    LoggedVolume.format(parts, BYTES);
    volume = LoggedVolume.open(parts, false);
    client = new Client(volume);
    assertThat(client.write(0, new byte[4096], true)).isZero();
    disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("flush") || !operation.contains("/dev/log")) return;
      flushBegun.countDown();
      await(mayFlush);
      flushed.set(true);
    });
    assertThat(client.write(512 << 10, new byte[4096], false)).isZero();
  }

  @AfterEach
  void end() throws Exception {
    mayFlush.countDown();
    volume.stop();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean readAndTellWhetherTheLogWasFlushed(long offset) {
    try (BlockDevice image = volume.liveImage()) {
      image.read(offset, BufferPool.aligned(64 << 10));
      return flushed.get();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whatHoldsNothingThatIsNotDurableIsHandedOnAtOnce() {
    assertThat(readAndTellWhetherTheLogWasFlushed(0)).isFalse();
  }

  @Test
  void whatHoldsAWriteThatIsNotDurableWaitsUntilItIs() {
    CompletableFuture<Boolean> read =
        CompletableFuture.supplyAsync(() -> readAndTellWhetherTheLogWasFlushed(512 << 10));
    await(flushBegun);
    mayFlush.countDown();
    assertThat(read.join()).isTrue();
  }
}
