package io.backstay.history;

import static io.backstay.history.SomeDiffs.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.diff.DiffDraft;
import io.backstay.model.Cut;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Rule X3: how the diffs of a volume are kept; rule X2: what is known of one that is offered. */
class DiffStoreTest {
  private static final String VOLUME = "/volume";
  private static final OptionalLong NO_IMAGE = OptionalLong.empty();
  private final MemoryDisk disk = new MemoryDisk();
  private DiffStore store = open();

  private DiffStore open() {
    try {
      return DiffStore.open(disk.directory(VOLUME));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private DiffStore openAgain() {
    disk.processDeath();
    store = open();
    return store;
  }

  private Directory files() {
    return disk.directory(VOLUME + "/diffs");
  }

  private static List<String> gids(DiffStore store) {
    return store.all().stream().map(kept -> kept.diff().gids()).toList();
  }

  /** With an lsid that another log might have had. */
  private static DiffSidecar other(long from, long to, long beginLsid, long endLsid) {
    Cut begin = cut(from);
    Cut end = cut(to);
    return sidecar(
        new Cut(1, beginLsid, from, begin.time(), begin.firstWrite(), false, begin.label()),
        List.of(new Cut(1, endLsid, to, end.time(), end.firstWrite(), false, end.label())),
        content(from, to));
  }

  @Test
  void aDiffIsFoundByTheNextProcessAsItWasCommitted() throws IOException {
    KeptDiff kept = add(store, 5, 6);
    assertThat(openAgain().all()).containsExactly(kept);
    assertThat(store.sidecar(kept)).isEqualTo(sidecar(5, 6));
    assertThat(files().list()).containsExactly("1-5-6.side", "20261121080030-M--5-6.wdiff");
  }

  @Test
  void diffsAreTakenInAnyOrderAndListedInThatOfTheirGids() throws IOException {
    add(store, 7, 8);
    add(store, 5, 6);
    add(store, 6, 7);
    assertThat(gids(store)).containsExactly("5-6", "6-7", "7-8");
    assertThat(store.nextGid()).isEqualTo(9);
  }

  @Test
  void aDraftThatIsNotCommittedNeverWas() throws IOException {
    try (DiffDraft draft = store.draft(BufferPool.aligned(8192))) {
      draft.write(ByteBuffer.wrap(content(5, 6)));
    }
    assertThat(files().list()).isEmpty();
    store.draft(BufferPool.aligned(8192)).write(ByteBuffer.wrap(content(5, 6)));
    assertThat(openAgain().all()).isEmpty();
    assertThat(files().list()).isEmpty();
  }

  /** Rule X3. */
  @Test
  void aFileThatSomebodyPutThereIsNeverReplaced() throws IOException {
    for (String name : List.of("1-5-6.side", "20261121080030-M--5-6.wdiff")) {
      add(store, 7, 8);
      files().publish(name, new byte[] {1, 2, 3});
      assertThatThrownBy(() -> add(store, 5, 6)).isInstanceOf(FileAlreadyExistsException.class);
      assertThat(files().read(name)).containsExactly(1, 2, 3);
      files().delete(name);
      store.forgetUpTo(8, "nothing");
    }
    add(store, 5, 6);
    assertThat(gids(store)).containsExactly("5-6");
  }

  @Test
  void aDraftOfAnotherSizeThanItsSidecarSaysIsRefused() throws IOException {
    try (DiffDraft draft = store.draft(BufferPool.aligned(8192))) {
      draft.write(ByteBuffer.wrap(new byte[7]));
      assertThatThrownBy(() -> store.commit(draft, sidecar(5, 6), true))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("7 bytes");
    }
  }

  @Test
  void afterACrashBeforeAnyDiskOperationWhatWasToldIsThere() throws IOException {
    for (boolean power : List.of(true, false)) {
      for (long seed = 0; seed < 6; seed++) {
        long operations = commitThree(power, seed, Long.MAX_VALUE);
        for (long at = 1; at <= operations; at++) commitThree(power, seed, at);
      }
    }
  }

  private static long commitThree(boolean power, long seed, long crashAt) throws IOException {
    MemoryDisk disk = new MemoryDisk();
    AtomicLong operations = new AtomicLong();
    List<String> told = new ArrayList<>();
    crashAt(disk, operations, crashAt, power, seed);
    try {
      DiffStore store = DiffStore.open(disk.directory(VOLUME));
      for (long gid : new long[] {5, 7, 6}) told.add(add(store, gid, gid + 1).diff().gids());
    } catch (ProcessDiedError expected) {
      // the crash that was asked for
    }
    disk.beforeEachOperation(operation -> {});
    if (power) disk.powerLoss(new Random(seed));
    else disk.processDeath();
    DiffStore after = DiffStore.open(disk.directory(VOLUME));
    String how = "power %s seed %d at %d".formatted(power, seed, crashAt);
    assertThat(gids(after)).as(how).containsAll(told);
    assertThat(after.damage()).as(how).isEmpty();
    for (KeptDiff kept : after.all())
      assertThat(bytes(after, kept))
          .as(how)
          .isEqualTo(content(kept.begin().gid(), kept.end().gid()));
    return operations.get();
  }

  private static void crashAt(
      MemoryDisk disk, AtomicLong operations, long at, boolean power, long seed) {
    disk.beforeEachOperation(operation -> {
      if (operations.incrementAndGet() != at) return;
      if (power) disk.powerLoss(new Random(seed));
      else disk.processDeath();
    });
  }

  private static byte[] bytes(DiffStore store, KeptDiff kept) throws IOException {
    try (DiffStore.Pin pin = store.pin(List.of(kept)).orElseThrow()) {
      return bytes(pin, kept);
    }
  }

  private static byte[] bytes(DiffStore.Pin pin, KeptDiff kept) throws IOException {
    try (BlockDevice device = pin.open(kept)) {
      ByteBuffer buffer = BufferPool.aligned((int) device.sizeBytes());
      device.read(0, buffer);
      byte[] content = new byte[buffer.capacity()];
      buffer.flip().get(content);
      return content;
    }
  }

  @Test
  void theSameDiffOfTwoProxiesIsTakenOnce() throws IOException {
    try (DiffDraft first = store.draft(BufferPool.aligned(8192));
        DiffDraft second = store.draft(BufferPool.aligned(8192))) {
      first.write(ByteBuffer.wrap(content(5, 6)));
      second.write(ByteBuffer.wrap(content(5, 6)));
      store.commit(first, sidecar(5, 6), true);
      store.commit(second, sidecar(5, 6), true);
    }
    assertThat(gids(store)).containsExactly("5-6");
    assertThat(files().list()).hasSize(2);
  }

  @Test
  void aDiffWithOtherLsidsIsNeverTakenForTheOneThatIsHere() throws IOException {
    add(store, 5, 6);
    try (DiffDraft draft = store.draft(BufferPool.aligned(8192))) {
      draft.write(ByteBuffer.wrap(content(5, 6)));
      assertThatThrownBy(() -> store.commit(draft, other(5, 6, 50, 61), true))
          .isInstanceOf(IOException.class);
    }
    assertThat(openAgain().sidecar(store.all().getFirst())).isEqualTo(sidecar(5, 6));
  }

  @Test
  void aDiffWhoseNameCouldNotBeMadeDurableIsNotHad() throws IOException {
    disk.beforeEachOperation(operation -> {
      if (operation.startsWith("rename to 2026")) disk.failNextFlush(VOLUME + "/diffs");
    });
    assertThatThrownBy(() -> add(store, 5, 6)).isInstanceOf(IOException.class);
    assertThat(store.look(sidecar(5, 6), NO_IMAGE)).isInstanceOf(Sighting.Wanted.class);
    disk.beforeEachOperation(operation -> {});
    add(store, 5, 6);
    disk.powerLoss(new Random(1));
    assertThat(gids(open())).containsExactly("5-6");
  }

  @Test
  void whatIsHereIsHadAndWhatContradictsItConflicts() throws IOException {
    add(store, 5, 6);
    assertThat(store.look(sidecar(5, 6), NO_IMAGE)).isInstanceOf(Sighting.Had.class);
    assertThat(store.look(sidecar(6, 7), NO_IMAGE)).isInstanceOf(Sighting.Wanted.class);
    assertThat(store.look(other(5, 6, 50, 61), NO_IMAGE)).isInstanceOf(Sighting.Conflict.class);
    assertThat(store.look(other(6, 7, 61, 70), NO_IMAGE)).isInstanceOf(Sighting.Conflict.class);
  }

  @Test
  void aPartOfWhatAMergeMadeIsHad() throws IOException {
    add(store, 5, 9);
    assertThat(store.look(sidecar(6, 8), NO_IMAGE)).isInstanceOf(Sighting.Had.class);
    assertThat(store.look(sidecar(8, 10), NO_IMAGE)).isInstanceOf(Sighting.Wanted.class);
    assertThat(store.look(other(6, 8, 60, 81), NO_IMAGE)).isInstanceOf(Sighting.Conflict.class);
  }

  @Test
  void whatABaseImageHoldsIsHadAlsoWhenItsDiffsAreGone() throws IOException {
    add(store, 5, 6);
    add(store, 6, 9);
    assertThat(store.forgetUpTo(9, "image |9|")).isEqualTo(2);
    openAgain();
    assertThat(files().list()).containsExactly("cuts");
    assertThat(store.look(sidecar(7, 8), OptionalLong.of(9))).isInstanceOf(Sighting.Had.class);
    assertThat(store.look(other(7, 8, 70, 81), OptionalLong.of(9)))
        .isInstanceOf(Sighting.Conflict.class);
    assertThat(store.look(sidecar(9, 10), OptionalLong.of(9))).isInstanceOf(Sighting.Wanted.class);
  }

  @Test
  void cutsBehindATornEntryAreFound() throws IOException {
    add(store, 5, 6);
    store.forgetUpTo(6, "image |6|");
    try (var file = files().append("cuts")) {
      file.append(ByteBuffer.wrap(new byte[7]));
    }
    add(openAgain(), 6, 7);
    store.forgetUpTo(7, "image |7|");
    assertThat(store.look(other(6, 7, 60, 71), OptionalLong.of(7)))
        .isInstanceOf(Sighting.Conflict.class);
  }

  @Test
  void whatAMergeWasMadeOfGoesOnlyWhenTheMergeIsThere() throws IOException {
    for (long seed = 0; seed < 6; seed++) {
      long operations = mergeThree(seed, Long.MAX_VALUE);
      for (long at = 1; at <= operations; at++) mergeThree(seed, at);
    }
  }

  private static long mergeThree(long seed, long crashAt) throws IOException {
    MemoryDisk disk = new MemoryDisk();
    DiffStore store = DiffStore.open(disk.directory(VOLUME));
    for (long gid = 5; gid < 8; gid++) add(store, gid, gid + 1);
    AtomicLong operations = new AtomicLong();
    crashAt(disk, operations, crashAt, true, seed);
    try {
      List<KeptDiff> parts = store.all();
      merge(store, parts);
    } catch (ProcessDiedError expected) {
      // the crash that was asked for
    }
    disk.beforeEachOperation(operation -> {});
    disk.powerLoss(new Random(seed));
    DiffStore after = DiffStore.open(disk.directory(VOLUME));
    assertThat(gids(after))
        .as("seed %d at %d", seed, crashAt)
        .isIn(List.of("5-8"), List.of("5-6", "6-7", "7-8"));
    assertThat(after.damage()).isEmpty();
    return operations.get();
  }

  private static void merge(DiffStore store, List<KeptDiff> parts) throws IOException {
    long from = parts.getFirst().begin().gid();
    long to = parts.getLast().end().gid();
    try (DiffDraft draft = store.draft(BufferPool.aligned(4096))) {
      draft.write(ByteBuffer.wrap(content(from, to)));
      store.replace(parts, draft, sidecar(from, to));
    }
  }

  /** Rule X10: who asked to keep a point was told that it stays. */
  @Test
  void whatSomebodyKeepsWhileItIsMergedStays() throws IOException {
    for (long gid = 5; gid < 8; gid++) add(store, gid, gid + 1);
    List<KeptDiff> parts = store.all();
    assertThat(store.keep(6, true)).isTrue();
    assertThatThrownBy(() -> merge(store, parts)).hasMessageContaining("kept since");
    assertThat(gids(openAgain())).containsExactly("5-6", "6-7", "7-8");
  }

  @Test
  void thatTheBeginOfAMergeIsKeptSinceStandsInItsName() throws IOException {
    for (long gid = 5; gid < 8; gid++) add(store, gid, gid + 1);
    List<KeptDiff> parts = store.all();
    assertThat(store.keep(5, true)).isTrue();
    merge(store, parts);
    assertThat(openAgain().all().getFirst().diff().mergeable()).isFalse();
  }

  @Test
  void whatMergesMayForgetStandsInTheName() throws IOException {
    add(store, 5, 6);
    assertThat(store.keep(5, true)).isTrue();
    assertThat(store.keep(6, true)).isFalse();
    disk.powerLoss(new Random(1));
    store = open();
    assertThat(store.all().getFirst().diff().mergeable()).isFalse();
    assertThat(store.keep(5, false)).isTrue();
    assertThat(files().list()).contains("20261121080030-M--5-6.wdiff");
  }

  @Test
  void aReaderKeepsItsFilesWhateverBecomesOfTheDiff() throws IOException {
    KeptDiff kept = add(store, 5, 6);
    DiffStore.Pin first = store.pin(List.of(kept)).orElseThrow();
    DiffStore.Pin second = store.pin(List.of(kept)).orElseThrow();
    store.keep(5, true);
    store.forgetUpTo(6, "image |6|");
    assertThat(store.all()).isEmpty();
    assertThat(store.pin(List.of(kept))).isEmpty();
    first.close();
    assertThat(bytes(second, kept)).isEqualTo(content(5, 6));
    second.close();
    assertThat(files().list()).containsExactly("cuts");
  }

  @Test
  void aWdiffWithoutItsSidecarIsReportedAndLeftWhereItIs() throws IOException {
    add(store, 5, 6);
    add(store, 6, 7);
    files().delete("1-5-6.side");
    openAgain();
    assertThat(gids(store)).containsExactly("6-7");
    assertThat(store.damage()).singleElement().asString().contains("no sidecar");
    assertThat(files().list()).contains("20261121080030-M--5-6.wdiff");
  }

  /** Rule X3: the disk may read it again, and no proxy brings it, since it is here. */
  @Test
  void aSidecarThatTheDiskDoesNotReadIsReportedAndTriedAgain() throws IOException {
    add(store, 5, 6);
    add(store, 6, 7);
    disk.failReads(VOLUME + "/diffs/1-5-6.side", 0, Long.MAX_VALUE);
    openAgain();
    long version = store.version();
    for (int i = 0; i < 2; i++) {
      assertThat(gids(store)).containsExactly("6-7");
      assertThat(store.damage()).singleElement().asString().contains("Input/output error");
      assertThat(store.readAgain()).isTrue();
    }
    disk.healFaults();
    assertThat(store.readAgain()).isFalse();
    assertThat(gids(store)).containsExactly("5-6", "6-7");
    assertThat(store.damage()).isEmpty();
    assertThat(store.version()).isGreaterThan(version);
  }

  @Test
  void aDamagedSidecarIsReportedAndItsWdiffLeftWhereItIs() throws IOException {
    add(store, 5, 6);
    disk.rot(VOLUME + "/diffs/1-5-6.side", 40, 3);
    openAgain();
    assertThat(store.all()).isEmpty();
    assertThat(store.damage()).singleElement().asString().contains("checksum");
    assertThat(files().list()).hasSize(2);
  }
}
