package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.NoSpaceException;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What clients write over a point, and what is left of it after what. */
class WriteLayerTest {
  private final LayerGround ground = new LayerGround(new MemoryDisk());

  @BeforeEach
  void open() throws IOException {
    ground.create();
    ground.open();
  }

  @Test
  void aBlockThatIsWrittenInPartKeepsTheRestOfThePoint() throws IOException {
    ground.write(4096 + 512, 512);
    ground.write(3 * 4096 + 1024, 4 * 4096);
    ground.check();
    assertThat(ground.changed(0)).isFalse();
    assertThat(ground.changed(1)).isTrue();
    assertThat(ground.changed(2)).isFalse();
    for (int block = 3; block < 8; block++) assertThat(ground.changed(block)).isTrue();
    assertThat(ground.changed(8)).isFalse();
  }

  @Test
  void theLastBlockMayBeShorter() throws IOException {
    ground.write(LayerGround.SIZE_BYTES - 512, 512);
    ground.check();
    ground.trim(LayerGround.SIZE_BYTES - 1024, 1024);
    ground.check();
  }

  /** Rule L7. */
  @Test
  void whatIsTrimmedOrZeroedReadsAsZeroesAlsoWhereOnlyThePointHadBytes() throws IOException {
    ground.trim(512, 3 * 4096);
    ground.writeZeroes(6 * 4096 - 512, 1024);
    ground.check();
    ground.write(4096, 512);
    ground.check();
  }

  @Test
  void whatWasWrittenOutlivesTheProcessWithoutAFlush() throws IOException {
    Random random = new Random(3);
    for (int life = 0; life < 10; life++) {
      for (int i = 0; i < 20; i++) ground.change(random);
      ground.processDeath();
      ground.open();
      ground.check();
    }
  }

  @Test
  void whatWasFlushedOutlivesALossOfPower() throws IOException {
    Random random = new Random(4);
    for (int life = 0; life < 30; life++) {
      for (int i = 0; i < 20; i++) ground.change(random);
      ground.flush();
      ground.powerLoss(random);
      ground.open();
      ground.check();
    }
  }

  /** Rule L3. */
  @Test
  void afterAFailedFlushNothingIsWrittenAndTheNextProcessServesNothing() throws IOException {
    for (String failing : new String[] {"data", "map"}) {
      ground.create();
      ground.open();
      ground.write(0, 8192);
      ground.flush();
      ground.write(16384, 4096);
      ground.disk().failNextFlush(LayerGround.PATH + "/" + failing);
      assertThatThrownBy(ground::flush).hasMessageContaining("cannot flush");
      assertThatThrownBy(ground::flush).as("not retried").hasMessageContaining("failed before");
      assertThatThrownBy(() -> ground.write(0, 512)).hasMessageContaining("failed before");
      ground.processDeath();
      assertThatThrownBy(ground::open).hasMessageContaining("close the export");
      ground.powerLoss(new Random(5));
      ground.open();
      ground.check();
    }
  }

  @Test
  void aFullDiskRefusesAWriteAndTakesNothingBack() throws IOException {
    ground.write(0, 4096);
    ground.disk().capacity(0);
    assertThatThrownBy(() -> ground.write(20480, 4096)).isInstanceOf(NoSpaceException.class);
    ground.check();
    ground.disk().capacity(Long.MAX_VALUE);
    ground.write(20480, 4096);
    ground.flush();
    ground.check();
  }

  @Test
  void aFlushThatFoundTheDiskFullIsDoneAgainAndNothingIsTorn() throws IOException {
    Random random = new Random(6);
    for (int i = 0; i < 40; i++) {
      ground.create();
      ground.open();
      for (int block = 0; block < 8; block++) {
        ground.write(block * 4096L, 4096);
        ground.write(LayerGround.SECOND_PAGE + block * 4096L, 4096);
        if (random.nextBoolean()) {
          ground.disk().failWrites(LayerGround.PATH + "/map", 8192, 16384);
          assertThatThrownBy(ground::flush).isInstanceOf(IOException.class);
          ground.disk().healFaults();
        }
        if (random.nextBoolean()) ground.flush();
      }
      ground.powerLoss(random);
      ground.open();
      ground.check();
    }
  }
}
