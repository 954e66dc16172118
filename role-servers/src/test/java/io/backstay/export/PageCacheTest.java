package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.log.Client;
import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.Time;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PageCacheTest {
  private static final int PAGE = PointReader.PAGE_BYTES;
  private static final int SIZE = 64 * PAGE + 1536;
  private static final int READERS = 4;

  private final MemoryPoint point = MemoryPoint.random(SIZE, 1);
  private final PageCache cache = new PageCache(24);
  private final CachedPoint cached = cached("x", point);
  private final Export export = new PointExport("x", "a test's", cached);
  private final Client client = new Client(export);

  private CachedPoint cached(String name, MemoryPoint of) {
    return new CachedPoint(name, of, cache, new Crew(Time.system(), name, READERS));
  }

  /** Answers later, or tells what was answered at once. */
  private CompletableFuture<Integer> read(long offset, ByteBuffer into) {
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now = export.read(offset, into, later::complete);
    if (now != Export.LATER) later.complete(now);
    return later;
  }

  @Test
  void whateverIsAskedForIsWhatThePointHas() {
    for (int length : List.of(1, 512, 4096, PAGE, 5 * PAGE + 7, SIZE)) {
      for (long at = 0; at + length <= SIZE; at += Math.max(length, 3 * PAGE + 511)) {
        assertThat(client.read(at, length)).isEqualTo(point.bytes(at, length));
      }
    }
    assertThat(client.read(SIZE - 700, 700)).isEqualTo(point.bytes(SIZE - 700, 700));
  }

  @Test
  void aPageThatIsHereIsAnsweredAtOnce() {
    client.read(5 * PAGE, 512);
    ByteBuffer into = ByteBuffer.allocateDirect(4096);
    int now = export.read(5L * PAGE + 8192, into, error -> {});
    assertThat(now).isEqualTo(Export.DONE);
    assertThat(point.reads).hasValue(1);
  }

  @Test
  void thoseWhoWaitForOnePageWaitForOneRead() {
    point.shut();
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      pieces.add(ByteBuffer.allocateDirect(512));
      answers.add(read(9L * PAGE + i * 512L, pieces.getLast()));
    }
    point.awaitWaiting(1);
    point.open();
    for (int i = 0; i < 10; i++) {
      assertThat(answers.get(i).join()).isEqualTo(Export.DONE);
      byte[] got = new byte[512];
      pieces.get(i).get(0, got);
      assertThat(got).isEqualTo(point.bytes(9L * PAGE + i * 512L, 512));
    }
    assertThat(point.reads).hasValue(1);
  }

  @Test
  void aBoundedNumberOfThreadsReads() {
    point.shut();
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) answers.add(read(2L * i * PAGE, ByteBuffer.allocateDirect(512)));
    point.awaitWaiting(READERS);
    point.open();
    answers.forEach(CompletableFuture::join);
    assertThat(point.waitingMax()).isEqualTo(READERS);
  }

  @Test
  void aPageThatCannotBeReadIsAnErrorAndIsTriedAgain() {
    point.fail();
    assertThat(read(0, ByteBuffer.allocateDirect(2 * PAGE)).join()).isEqualTo(Errno.EIO);
    point.open();
    assertThat(client.read(0, 2 * PAGE)).isEqualTo(point.bytes(0, 2 * PAGE));
  }

  @Test
  void whoReadsOnFindsTheNextPagesHere() throws Exception {
    client.read(10 * PAGE, 4096);
    client.read(11 * PAGE, 4096);
    cached.crew().finish();
    int reads = point.reads.get();
    assertThat(reads).isEqualTo(2 + PageCache.AHEAD);
    assertThat(read(12L * PAGE, ByteBuffer.allocateDirect(PAGE)).getNow(Export.LATER)).isZero();
    cached.crew().finish();
    assertThat(point.reads).hasValue(reads + 1);
  }

  @Test
  void whoJumpsAboutReadsNothingAhead() throws Exception {
    for (int page : List.of(40, 3, 20, 11, 60)) client.read((long) page * PAGE + 512, 4096);
    cached.crew().finish();
    assertThat(point.reads).hasValue(5);
  }

  @Test
  void whatWasAskedForLatelyStaysAndTheOldestGoes() {
    for (int i = 0; i < 12; i++) {
      client.read(0, 512);
      client.read((2L + 2L * i) * PAGE, 512);
      client.read((28L + 2L * i) * PAGE, 512);
    }
    assertThat(point.reads).as("24 frames, 25 pages, one of them hot").hasValue(25);
    client.read(0, 512);
    assertThat(point.reads).hasValue(25);
    client.read(2L * PAGE, 512);
    assertThat(point.reads).hasValue(26);
  }

  @Test
  void aPointThatIsClosedGivesItsMemoryToTheOthers() throws Exception {
    MemoryPoint other = MemoryPoint.random(SIZE, 2);
    CachedPoint second = cached("y", other);
    new Client(new PointExport("y", "", second)).read(0, 24 * PAGE);
    second.close();
    assertThat(other.closed).isTrue();
    assertThat(client.read(0, 30 * PAGE)).isEqualTo(point.bytes(0, 30 * PAGE));
  }
}
