package io.backstay.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.chain.Diff;
import io.backstay.chain.Snap;
import io.backstay.diff.DiffDraft;
import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.proxy.IntervalConverter.Converted;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Payload;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SpoolTest {
  private static final List<String> ARCHIVES = List.of("a0");
  private final MemoryDisk disk = new MemoryDisk();

  /** Rule X2, invariant 6: the sidecar's deletion was durable, that of its wdiff was not. */
  @Test
  void aLossOfPowerLeavesNoWdiffWithoutItsSidecar() throws IOException {
    Random random = new Random(1);
    for (int i = 0; i < 100; i++) {
      Spool spool = Spool.open("vol0", directory(), Time.system());
      add(spool, 2L * i);
      SpooledDiff delivered = spool.wantedBy("a0").getFirst();
      spool.delivered(delivered, "a0", ARCHIVES);
      disk.powerLoss(random);
      assertThat(withoutSidecar()).isEmpty();
    }
  }

  /** Rule X1: a storage that had not heard of it sent the same log again meanwhile. */
  @Test
  void whatComesAgainWhileItGoesIsWhole() throws Exception {
    Spool spool = Spool.open("vol0", directory(), Time.system());
    add(spool, 6);
    List<Thread> again = new ArrayList<>();
    disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("delete") || !operation.endsWith(".wdiff")) return;
      disk.beforeEachOperation(_ -> {});
      again.add(Thread.ofVirtual().start(() -> addAgain(spool, 6)));
      // It has come, or it waits.
      while (again.getFirst().isAlive() && again.getFirst().getState() != Thread.State.WAITING)
        Thread.onSpinWait();
    });
    spool.delivered(spool.wantedBy("a0").getFirst(), "a0", ARCHIVES);
    again.getFirst().join();
    assertThat(withoutSidecar()).isEmpty();
    assertThat(spool.sidecar(spool.wantedBy("a0").getFirst()).end()).isEqualTo(cut(7));
    spool.open(spool.wantedBy("a0").getFirst()).close();
  }

  /** Rule X2: a disk was full; the diff stayed, and nobody thought of it any more. */
  @Test
  void whatCannotBePutAsideNowIsOfferedAgain() throws IOException {
    Spool spool = Spool.open("vol0", directory(), Time.system());
    add(spool, 6);
    SpooledDiff refused = spool.wantedBy("a0").getFirst();
    disk.capacity(0);
    assertThatThrownBy(() -> spool.refused(refused, "a0", ARCHIVES))
        .isInstanceOf(IOException.class);
    disk.capacity(Long.MAX_VALUE);
    assertThat(spool.wantedBy("a0")).containsExactly(refused);
    spool.refused(refused, "a0", ARCHIVES);
    assertThat(spool.putAside()).isEqualTo(1);
    assertThat(directory().list()).containsExactly("aside");
  }

  private static void addAgain(Spool spool, long gid) {
    try {
      add(spool, gid);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Directory directory() {
    return disk.directory("/spool");
  }

  private Set<String> withoutSidecar() throws IOException {
    List<String> names = directory().list();
    Set<String> wdiffs = new HashSet<>();
    for (String name : names) Diff.parse(name).ifPresent(diff -> wdiffs.add(diff.gids()));
    for (String name : names) DiffSidecar.gidsIn(name).ifPresent(wdiffs::remove);
    return wdiffs;
  }

  private static void add(Spool spool, long gid) throws IOException {
    ByteBuffer content = BufferPool.aligned(8192);
    int[] checksums = Payload.checksumsOf(content.duplicate());
    ByteBuffer bytes =
        ByteBuffer.allocate(Integer.BYTES * checksums.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int checksum : checksums) bytes.putInt(checksum);
    DiffSidecar sidecar =
        new DiffSidecar(
            "vol0",
            new Session(1, new SessionUuid(1, 2), Optional.of(0L), 0),
            Snap.clean(gid),
            Snap.clean(gid + 1),
            cut(gid),
            List.of(cut(gid + 1)),
            false,
            1 << 20,
            1,
            ARCHIVES,
            content.remaining(),
            Bytes.of(new byte[0]),
            Bytes.of(bytes.array()));
    try (DiffDraft draft = spool.draft(BufferPool.aligned(8192))) {
      draft.write(content);
      spool.add(new Converted(sidecar, sidecar.diff(true), draft));
    }
  }

  private static Cut cut(long gid) {
    return new Cut(
        1,
        10 * gid,
        gid,
        Instant.parse("2026-11-21T08:00:00Z").plusSeconds(gid),
        Optional.empty(),
        false,
        Optional.empty());
  }
}
