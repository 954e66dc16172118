package io.backstay.net;

import io.backstay.model.Role;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;

/**
 * Run by hand: frames of 1 MiB over loopback with TLS, both ends in this process, checksums made
 * and compared. Prints MiB/s per round.
 */
public final class Throughput {
  private static final int FRAMES = 4096;
  private static final int ROUNDS = 4;

  private Throughput() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("throughput");
    try (TestGroup group = new TestGroup("home", directory)) {
      NettyNetwork archive = group.network("a0", Role.ARCHIVE);
      TestGroup.Pair pair =
          TestGroup.Pair.connect(
              group.network("s0", Role.STORAGE), archive.listen(TestGroup.ANY_PORT));
      BufferPool pool = new BufferPool(8, 1 << 20);
      for (int round = 0; round < ROUNDS; round++) {
        long begin = System.nanoTime();
        Thread sender = Time.system().fork("sender", () -> send(pair, pool));
        for (int i = 0; i < FRAMES; i++) {
          try (Payload payload = pair.server().receive().payload()) {
            if (payload.firstDamagedBlock() >= 0) throw new IOException("damaged");
          }
        }
        sender.join();
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf(Locale.ROOT, "%.0f MiB/s%n", FRAMES / seconds);
      }
    }
  }

  private static void send(TestGroup.Pair pair, BufferPool pool) {
    try {
      for (int i = 0; i < FRAMES; i++) {
        BufferPool.Lease lease = pool.take();
        ByteBuffer bytes = lease.buffer();
        bytes.putLong(0, new Random(i).nextLong());
        pair.client().send(new Frame(new Message.ImageDurable(i), Payload.of(bytes, lease::close)));
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
