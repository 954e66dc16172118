package io.backstay.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.net.PayloadMemory.Claim;
import io.backstay.net.PayloadMemory.Lease;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PayloadMemoryTest {
  private static final int MIB = 1 << 20;
  private final PayloadMemory memory = new PayloadMemory(8 * MIB);
  private final AtomicInteger woken = new AtomicInteger();

  @Test
  void theLastQuarterIsForThoseWhoHoldNothing() {
    List<Lease> held = new ArrayList<>();
    for (int i = 0; i < 6; i++) held.add(take(MIB, Claim.FURTHER).orElseThrow());

    assertThat(take(1, Claim.FURTHER)).isEmpty();
    assertThat(take(MIB, Claim.FIRST)).isPresent();
    assertThat(take(MIB, Claim.FIRST)).isPresent();
    assertThat(take(1, Claim.FIRST)).isEmpty();

    held.getFirst().release().run();
    assertThat(woken).hasValue(2);
    assertThat(take(1, Claim.FIRST)).isPresent();
  }

  @Test
  void theLargestPayloadNeedsAChunkOfItsOwn() {
    Lease whole = take(Payload.BYTES_MAX, Claim.FIRST).orElseThrow();
    Lease small = take(1, Claim.FIRST).orElseThrow();
    assertThat(take(Payload.BYTES_MAX, Claim.FIRST)).isEmpty();
    small.release().run();
    assertThat(take(Payload.BYTES_MAX, Claim.FIRST)).isPresent();
    assertThat(whole.buffer().remaining()).isEqualTo(Payload.BYTES_MAX);
  }

  @Test
  void releasingTwiceIsReported() {
    Lease lease = take(1, Claim.FIRST).orElseThrow();
    lease.release().run();
    assertThatThrownBy(() -> lease.release().run()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void noTwoBuffersOverlapWhateverIsTakenAndGivenBack() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Lease> held = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (random.nextBoolean() && !held.isEmpty()) {
        Lease given = held.remove(random.nextInt(held.size()));
        ByteBuffer bytes = given.buffer();
        for (int at : places(bytes)) {
          assertThat(bytes.get(at)).as("seed %d", seed).isEqualTo(bytes.get(0));
        }
        given.release().run();
      } else {
        byte mark = (byte) i;
        take(1 + random.nextInt(MIB), Claim.FURTHER)
            .ifPresent(lease -> {
              for (int at : places(lease.buffer())) lease.buffer().put(at, mark);
              held.add(lease);
            });
      }
      assertThat(memory.buffersTaken()).as("seed %d", seed).isEqualTo(held.size());
    }
    held.forEach(lease -> lease.release().run());
    assertThat(memory.buffersTaken()).isZero();
    assertThat(take(Payload.BYTES_MAX, Claim.FIRST)).isPresent();
    assertThat(take(Payload.BYTES_MAX, Claim.FIRST)).isPresent();
  }

  private static int[] places(ByteBuffer bytes) {
    int last = bytes.limit() - 1;
    return new int[] {0, last / 4, last / 3, last / 2, last};
  }

  @Test
  void runsOfFreeBlocksAreFound() {
    assertThat(PayloadMemory.runs(0b0111_0110L, 3)).isEqualTo(0b0001_0000L);
    assertThat(PayloadMemory.runs(0b0111_0110L, 2)).isEqualTo(0b0011_0010L);
    assertThat(PayloadMemory.runs(-1L, 64)).isEqualTo(1L);
    assertThat(PayloadMemory.runs(-2L, 64)).isZero();
    assertThat(PayloadMemory.runs(-2L, 63)).isEqualTo(2L);
  }

  private Optional<Lease> take(int bytes, Claim claim) {
    return memory.take(bytes, claim, woken::incrementAndGet);
  }
}
