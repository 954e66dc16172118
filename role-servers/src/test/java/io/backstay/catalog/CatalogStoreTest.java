package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;
import static io.backstay.model.OperationKind.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.RefusalCode;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CatalogStoreTest {
  private static final long NEVER = Long.MAX_VALUE;
  private static final String LOG = "/catalog/log-0000000001";

  private final MemoryDisk disk = new MemoryDisk();

  @Test
  void whatWasAnsweredIsThereAfterARestart() throws IOException {
    CatalogStore store = open(NEVER);
    fill(store, 10);
    CatalogState before = store.state();
    disk.processDeath();
    assertThat(open(NEVER).state()).isEqualTo(before);
  }

  @Test
  void anEmptyDirectoryBecomesTheCatalogOfANewGroup() throws IOException {
    assertThat(open(NEVER).state()).isEqualTo(CatalogState.empty("g"));
    assertThat(directory().list()).containsExactly("log-0000000001", "snapshot-0000000001");
  }

  @Test
  void theCatalogOfAnotherGroupIsNotOpened() throws IOException {
    open(NEVER);
    assertThatThrownBy(() -> CatalogStore.open(directory(), "other", NEVER))
        .hasMessageContaining("is of group g, this server is configured for group other");
  }

  // ---- compaction

  @Test
  void aLogThatHasGrownIsReplacedByASnapshotAndLosesNothing() throws IOException {
    CatalogStore store = open(500);
    fill(store, 50);
    assertThat(store.logBytes()).isLessThan(1000);
    List<String> names = directory().list();
    assertThat(names).hasSize(2).noneMatch(name -> name.endsWith("-0000000001"));
    CatalogState before = store.state();
    disk.processDeath();
    assertThat(open(500).state()).isEqualTo(before);
  }

  /** Rule K2: epochs never go back, also after compaction and removal of the volume. */
  @Test
  void epochsGoOnAfterCompactionAndRemovalAndRestart() throws IOException {
    CatalogStore store = open(1); // every change is a compaction
    tell(store, reserve("vol0", ADD_VOLUME, "r1"));
    tell(store, new Command.WriteProtection(1, record("vol0", 1)));
    tell(store, new Command.RemoveProtection(1, "vol0"));
    tell(store, new Command.Release("vol0", 1));
    disk.processDeath();
    store = open(1);
    assertThat(reserved(tell(store, reserve("vol0", ADD_VOLUME, "r2"))).epoch()).isEqualTo(2);
  }

  // ---- failures of the disk

  @Test
  void aCommandWhoseSyncFailedIsAnsweredWithAnErrorAndTheNextIsDurableAgain() throws IOException {
    CatalogStore store = open(NEVER);
    fill(store, 3);
    disk.failNextFlush(LOG);
    assertThatThrownBy(() -> tell(store, reserve("vol0", ADD_VOLUME, "r1")))
        .isInstanceOf(IOException.class);
    // The lost run asks again; the change of its first attempt may have come through.
    assertThat(reserved(tell(store, reserve("vol0", ADD_VOLUME, "r1"))).epoch()).isEqualTo(1);
    assertThat(directory().list()).containsExactly("log-0000000002", "snapshot-0000000002");
    CatalogState before = store.state();
    disk.powerLoss(new Random(1));
    assertThat(open(NEVER).state()).isEqualTo(before);
  }

  @Test
  void nobodyReadsWhatIsNotDurable() throws IOException {
    CatalogStore store = open(NEVER);
    disk.failNextFlush(LOG);
    disk.failWrites("/catalog/log-0000000002", 0, NEVER);
    assertThatThrownBy(() -> tell(store, reserve("vol0", ADD_VOLUME, "r1")))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> tell(store, new Command.ReadCatalog()))
        .isInstanceOf(IOException.class);
    disk.healFaults();
    assertThat(((Reply.CatalogRecords) tell(store, new Command.ReadCatalog())).reservations())
        .hasSize(1);
  }

  @Test
  void aFullDiskStopsWritesUntilThereIsSpaceAgain() throws IOException {
    CatalogStore store = open(NEVER);
    tell(store, new Command.WriteServer(server("a0", 1), 0));
    disk.capacity(1);
    int version = 1;
    while (version < 1000 && written(store, version)) version++;
    assertThat(version).isBetween(2, 999); // the rest of the log's last block was still free
    disk.capacity(NEVER);
    assertThat(tell(store, new Command.WriteServer(server("a1", 1), 0)))
        .isEqualTo(new Reply.Written(1));
    CatalogState before = store.state();
    disk.powerLoss(new Random(2));
    assertThat(open(NEVER).state()).isEqualTo(before);
  }

  private static boolean written(CatalogStore store, int version) {
    try {
      tell(store, new Command.WriteServer(server("a0", version + 1), version));
      return true;
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left on device");
      return false;
    }
  }

  @Test
  void nothingIsWrittenAfterTheCatalogWasClosed() throws IOException {
    CatalogStore store = open(NEVER);
    store.close();
    assertThatThrownBy(() -> tell(store, reserve("vol0", ADD_VOLUME, "r1")))
        .hasMessageContaining("stopping");
    assertThat(directory().list()).containsExactly("log-0000000001", "snapshot-0000000001");
  }

  // ---- damage

  @Test
  void aTornTailIsCutOff() throws IOException {
    CatalogStore store = open(NEVER);
    fill(store, 5);
    CatalogState before = store.state();
    long length = store.logBytes();
    tell(store, reserve("vol9", ADD_VOLUME, "r1"));
    disk.rot(LOG, length + 30, 3);
    disk.processDeath();
    assertThat(open(NEVER).state()).isEqualTo(before);
  }

  @Test
  void damageAnywhereElseRefusesToStartAndChangesNothing() throws IOException {
    CatalogStore store = open(NEVER);
    fill(store, 5);
    CatalogState before = store.state();
    disk.processDeath();
    int logBytes = directory().read("log-0000000001").length;
    int lastEntry = logBytes - entryBytes(directory());
    for (int at = 0; at < lastEntry; at++) refusesWithBitFlipped(LOG, at);
    int snapshotBytes = directory().read("snapshot-0000000001").length;
    for (int at = 0; at < snapshotBytes; at++) {
      refusesWithBitFlipped("/catalog/snapshot-0000000001", at);
    }
    assertThat(open(NEVER).state()).isEqualTo(before);
  }

  private void refusesWithBitFlipped(String path, int at) throws IOException {
    disk.rot(path, at, at % 8);
    TreeMap<String, String> found = content();
    assertThatThrownBy(() -> open(NEVER))
        .as("%s byte %d", path, at)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path.substring("/catalog/".length()));
    assertThat(content()).isEqualTo(found);
    disk.rot(path, at, at % 8);
  }

  @Test
  void aLogWithoutItsSnapshotOrASnapshotWithoutItsLogIsRefused() throws IOException {
    fill(open(NEVER), 5);
    disk.processDeath();
    Directory directory = directory();
    directory.rename("snapshot-0000000001", "elsewhere");
    assertThatThrownBy(() -> open(NEVER))
        .isInstanceOf(DamagedLogException.class)
        .hasMessageContaining("log-0000000001 in /catalog holds entries");
    directory.rename("elsewhere", "snapshot-0000000001");
    directory.rename("log-0000000001", "elsewhere");
    assertThatThrownBy(() -> open(NEVER))
        .isInstanceOf(DamagedLogException.class)
        .hasMessageContaining("log-0000000001 in /catalog is missing");
  }

  // ---- concurrent writers

  @Test
  @Timeout(60)
  void changesThatArriveDuringASyncAreWrittenTogether() throws Exception {
    CatalogStore store = open(NEVER);
    CountDownLatch syncing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger syncs = new AtomicInteger();
    disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("flush") || syncs.getAndIncrement() > 0) return;
      syncing.countDown();
      awaitQuietly(goOn);
    });
    List<Thread> writers = new ArrayList<>();
    writers.add(writer(store, 0));
    syncing.await();
    for (int i = 1; i <= 20; i++) writers.add(writer(store, i));
    while (store.state().revision() < 21) Thread.sleep(0); // ends by the timeout
    goOn.countDown();
    for (Thread writer : writers) writer.join();
    assertThat(syncs).hasValue(2);
    assertThat(store.state().reservations()).hasSize(21);
  }

  @Test
  @Timeout(60)
  void writersWaitWhenTooManyChangesArePending() throws Exception {
    CatalogStore store = open(NEVER);
    CountDownLatch syncing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("flush")) return;
      syncing.countDown();
      awaitQuietly(goOn);
    });
    List<Thread> writers = new ArrayList<>();
    writers.add(writer(store, 0));
    syncing.await();
    int more = CatalogStore.PENDING_MAX + 40;
    for (int i = 1; i <= more; i++) writers.add(writer(store, i));
    while (store.state().revision() <= CatalogStore.PENDING_MAX) Thread.sleep(0); // likewise
    assertThat(store.state().revision()).isEqualTo(CatalogStore.PENDING_MAX + 1);
    goOn.countDown();
    for (Thread writer : writers) writer.join();
    assertThat(store.state().reservations()).hasSize(1 + more);
    disk.powerLoss(new Random(3));
    assertThat(open(NEVER).state()).isEqualTo(store.state());
  }

  private static Thread writer(CatalogStore store, int i) {
    return Time.system()
        .fork(
            "writer " + i,
            () -> {
              try {
                tell(store, reserve("vol" + i, ADD_VOLUME, "r" + i));
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Timeout(60)
  void aSecondReservationIsRefusedAlsoWhileTheFirstIsNotDurableYet() throws Exception {
    CatalogStore store = open(NEVER);
    List<Reply> replies = new ArrayList<>();
    CountDownLatch syncing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    disk.beforeEachOperation(operation -> {
      if (!operation.startsWith("flush")) return;
      syncing.countDown();
      awaitQuietly(goOn);
    });
    Thread first = writer(store, 0);
    syncing.await();
    Thread second =
        Time.system()
            .fork(
                "second",
                () -> {
                  try {
                    replies.add(tell(store, reserve("vol0", ADD_VOLUME, "other")));
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
    goOn.countDown();
    first.join();
    second.join();
    assertThat(replies).hasSize(1);
    assertThat(refusal(replies.getFirst())).isEqualTo(RefusalCode.ALREADY_RUNNING);
  }

  // ----

  private CatalogStore open(long logBytesMax) throws IOException {
    return CatalogStore.open(directory(), "g", logBytesMax);
  }

  private Directory directory() {
    return disk.directory("/catalog");
  }

  private TreeMap<String, String> content() throws IOException {
    TreeMap<String, String> content = new TreeMap<>();
    for (String name : directory().list()) {
      content.put(name, Arrays.toString(directory().read(name)));
    }
    return content;
  }

  /** Size of the last entry that {@link #fill} writes. */
  private static int entryBytes(Directory directory) throws IOException {
    LogFile.Contents log =
        LogFile.read("log", LogFile.Kind.LOG, 1, directory.read("log-0000000001"));
    return LogFile.ENTRY_HEADER_BYTES + log.entries().getLast().body().length;
  }

  private static void fill(CatalogStore store, int commands) throws IOException {
    for (int i = 0; i < commands; i++) {
      tell(store, new Command.WriteServer(server("a" + i % 3, i), i / 3));
    }
  }

  private static Reply tell(CatalogStore store, Command.ForCatalog command) throws IOException {
    return store.answer(state -> decide(state, command));
  }
}
