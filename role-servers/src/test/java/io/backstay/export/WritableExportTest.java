package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.log.Client;
import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WritableExportTest {
  private static final int SIZE = 20 * PointReader.PAGE_BYTES + 1536;

  private final MemoryDisk disk = new MemoryDisk();
  private final MemoryPoint point = MemoryPoint.random(SIZE, 1);
  private final byte[] model = point.bytes.clone();
  private final Random random = new Random(1);
  private WritableExport export;
  private Client client;

  @BeforeEach
  void open() throws IOException {
    CachedPoint cached =
        new CachedPoint("x", point, new PageCache(16), new Crew(Time.system(), "readers", 4));
    Directory directory = disk.directory("/state/x");
    WriteLayer.create(directory, SIZE);
    WriteLayer layer =
        WriteLayer.open(directory, disk.devices(), "boot", new ServedPoint.Under(cached));
    export = new WritableExport("x", "a test's", cached, layer, Time.system());
    client = new Client(export);
  }

  private void write(int offset, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    assertThat(client.write(offset, bytes, random.nextBoolean())).isZero();
    System.arraycopy(bytes, 0, model, offset, length);
  }

  private void clear(int offset, int length, int error) {
    assertThat(error).isZero();
    Arrays.fill(model, offset, offset + length, (byte) 0);
  }

  private static List<String> extents(Export export, long offset, long length) {
    List<String> found = new ArrayList<>();
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now =
        export.extents(
            offset,
            length,
            (bytes, hole, zero) -> found.add(bytes + (zero ? " zero" : " data")),
            later::complete);
    assertThat(now == Export.LATER ? later.join() : now).isZero();
    return found;
  }

  @Test
  void whatWasWrittenIsReadAndTheRestIsThePoints() {
    for (int i = 0; i < 300; i++) {
      int offset = random.nextInt(SIZE / 512) * 512;
      int length = (1 + random.nextInt(Math.min((SIZE - offset) / 512, 60))) * 512;
      switch (random.nextInt(6)) {
        case 0 -> clear(offset, length, client.trim(offset, length, random.nextBoolean()));
        case 1 -> clear(offset, length, client.zeroes(offset, length, random.nextBoolean()));
        case 2 -> assertThat(client.flush()).isZero();
        default -> write(offset, length);
      }
      int from = random.nextInt(SIZE / 512) * 512;
      int bytes = (1 + random.nextInt(Math.min((SIZE - from) / 512, 300))) * 512;
      assertThat(client.read(from, bytes)).isEqualTo(Arrays.copyOfRange(model, from, from + bytes));
    }
    assertThat(client.read(0, SIZE)).isEqualTo(model);
  }

  /** Sectors of one block that nobody changed before, each by another client at the same time. */
  @Test
  void writesToOneBlockAtTheSameTimeAllStay() {
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    point.shut();
    for (int sector = 0; sector < 8; sector++) {
      byte[] bytes = new byte[512];
      Arrays.fill(bytes, (byte) (sector + 1));
      CompletableFuture<Integer> answer = new CompletableFuture<>();
      int at = 3 * 4096 + (sector * 3 % 8) * 512;
      export.write(at, List.of(ByteBuffer.wrap(bytes)), 512, false, answer::complete);
      System.arraycopy(bytes, 0, model, at, 512);
      answers.add(answer);
    }
    point.open();
    answers.forEach(CompletableFuture::join);
    assertThat(client.read(0, 65536)).isEqualTo(Arrays.copyOf(model, 65536));
  }

  @Test
  void aWholeBlockIsWrittenWithoutReadingThePoint() {
    write(8192, 4096);
    write(65536, 3 * 65536);
    assertThat(point.reads).hasValue(0);
  }

  @Test
  void aPartOfABlockThatCannotBeReadIsNotWritten() {
    point.fail();
    assertThat(client.write(512, new byte[512], false)).isEqualTo(Errno.EIO);
    point.open();
    assertThat(client.read(0, 4096)).isEqualTo(Arrays.copyOf(model, 4096));
  }

  @Test
  void aFullDiskIsToldAsSuch() {
    disk.capacity(0);
    assertThat(client.write(0, new byte[4096], false)).isEqualTo(Errno.ENOSPC);
    assertThat(client.read(0, 4096)).isEqualTo(Arrays.copyOf(model, 4096));
  }

  @Test
  void aFailedFlushIsToldToAllWhoWaitForIt() {
    write(0, 4096);
    disk.failNextFlush("/state/x/data");
    assertThat(client.flush()).isEqualTo(Errno.EIO);
    assertThat(client.write(0, new byte[512], true)).isEqualTo(Errno.EIO);
    assertThat(client.read(0, 4096)).isEqualTo(Arrays.copyOf(model, 4096));
  }

  @Test
  void extentsAreThePointsWithWhatWasWrittenOverThem() {
    int hole = SIZE / 2 / 65536 * 65536;
    assertThat(extents(export, hole - 65536, 4 * 65536))
        .containsExactly("65536 data", "131072 zero", "65536 data");
    write(hole + 4096, 4096);
    client.trim(hole - 65536, 8192, false);
    assertThat(extents(export, hole - 65536, 65536 + 12288))
        .containsExactly("8192 zero", "57344 data", "4096 zero", "4096 data", "4096 zero");
  }

  @Test
  void zeroesThatKeepTheirSpaceAreNotFast() {
    assertThat(export.zeroes(0, 4096, true, true, false, error -> {})).isEqualTo(Errno.ENOTSUP);
    clear(0, 4096, client.zeroes(0, 4096, true));
    assertThat(client.read(0, 8192)).isEqualTo(Arrays.copyOf(model, 8192));
  }

  @Test
  void whoOnlyReadsMayChangeNothing() {
    CachedPoint cached =
        new CachedPoint("y", point, new PageCache(16), new Crew(Time.system(), "readers", 4));
    Client reader = new Client(new PointExport("y", "", cached));
    assertThat(reader.write(0, new byte[512], false)).isEqualTo(Errno.EPERM);
    assertThat(reader.trim(0, 512, false)).isEqualTo(Errno.EPERM);
    assertThat(reader.zeroes(0, 512, false)).isEqualTo(Errno.EPERM);
    assertThat(reader.flush()).isZero();
    int hole = SIZE / 2 / 65536 * 65536;
    assertThat(extents(new PointExport("y", "", cached), hole, 3 * 65536))
        .containsExactly("131072 zero", "65536 data");
  }
}
