package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Devices.Caching;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** Rule X8, copy-on-write: of each page of the map the flushed version stays, whatever is torn. */
class MapFileTest {
  private static final long SIZE_BYTES = 2L * ChangeMap.BLOCKS_PER_PAGE * ChangeMap.BLOCK_BYTES;

  private final MemoryDisk disk = new MemoryDisk();
  private Random random;
  private MapFile file;
  private ChangeMap map;

  @BeforeEach
  void create(RepetitionInfo repetition) throws IOException {
    random = new Random(repetition.getCurrentRepetition());
    disk.directory("/state").createDevice("map", MapFile.sizeBytes(2)).close();
    disk.directory("/state").sync();
    open();
  }

  private void open() throws IOException {
    BlockDevice device = disk.devices().openAlone("/state/map", Caching.CACHED);
    map = new ChangeMap(SIZE_BYTES);
    file = MapFile.open(device, map);
  }

  /** Bits that can be told from those of every other version. */
  private static long[] page(int version) {
    long[] page = new long[MapPage.WORDS];
    Arrays.fill(page, version);
    return page;
  }

  private void write(int version) throws IOException {
    file.write(Map.of(0, page(version)));
  }

  private int versionAfterLossOfPower() throws IOException {
    disk.powerLoss(random);
    open();
    return (int) map.page(0)[300];
  }

  @RepeatedTest(40)
  void aVersionThatIsTornLeavesTheOneBefore() throws IOException {
    int durable = 0;
    for (int version = 1; version < 6; version++) {
      write(version);
      assertThat(versionAfterLossOfPower()).isIn(durable, version);
      durable = (int) map.page(0)[300];
      write(version + 10);
      file.flush();
      durable = version + 10;
    }
    assertThat(versionAfterLossOfPower()).isEqualTo(durable);
  }

  @RepeatedTest(40)
  void aVersionThatWasNotFlushedIsWrittenAgainInItsPlace() throws IOException {
    write(1);
    file.flush();
    for (int version = 2; version < 5; version++) write(version);
    assertThat(versionAfterLossOfPower()).isBetween(1, 4);
  }

  @RepeatedTest(40)
  void whatADeadProcessHadNotFlushedIsFlushedBeforeTheNextVersion() throws IOException {
    write(1);
    file.flush();
    write(2);
    disk.processDeath();
    open();
    assertThat(map.page(0)[300]).isEqualTo(2);
    write(3);
    assertThat(versionAfterLossOfPower()).isIn(2, 3);
  }

  /** Rule L3. */
  @RepeatedTest(40)
  void whatAFailedFlushCoveredIsWrittenAgainBeforeTheNextVersion() throws IOException {
    write(1);
    file.flush();
    write(2);
    disk.failNextFlush("/state/map");
    assertThatThrownBy(file::flush).isInstanceOf(IOException.class);
    disk.processDeath();
    open();
    write(3);
    assertThat(versionAfterLossOfPower()).isIn(2, 3);
  }
}
