package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.log.Cuts.Wanted;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CutsFileTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final MemoryDisk disk = new MemoryDisk();

  private Directory directory() {
    return disk.directory("/server/vol0");
  }

  /** In session 3 with cuts of gid 10 to 14 at lsids 100 to 140. */
  private Cuts some() throws IOException {
    Cuts.create(directory(), new SessionUuid(1, 2), 0);
    Cuts cuts = Cuts.open(directory());
    cuts.begin(new Session(3, new SessionUuid(3, 4), Optional.of(10L), 100), NOON);
    for (int i = 1; i < 5; i++) cuts.record(List.of(wanted(100 + 10 * i, NOON.plusSeconds(i))));
    return cuts;
  }

  private static Wanted wanted(long lsid, Instant time) {
    return new Wanted(
        lsid, time, Optional.empty(), false, Optional.empty(), Optional.empty(), 4096);
  }

  private List<Long> gids(Cuts cuts) {
    return cuts.history().cuts().stream().map(Cut::gid).toList();
  }

  @Test
  void whatWasRecordedSurvivesTheLossOfPower() throws IOException {
    LogHistory before = some().history();
    disk.powerLoss(new Random(1));
    assertThat(Cuts.open(directory()).history()).isEqualTo(before);
    assertThat(gids(Cuts.open(directory()))).containsExactly(10L, 11L, 12L, 13L, 14L);
  }

  /** Rule M1: gids grow by one; rule M4: time never goes back, whatever the clock does. */
  @Test
  void gidsGrowByOneAndTimesNeverFall() throws IOException {
    Cuts cuts = some();
    List<Cut> made =
        cuts.record(List.of(wanted(140, NOON.minusSeconds(100)), wanted(150, NOON.plusSeconds(9))));
    assertThat(made).extracting(Cut::gid).containsExactly(15L, 16L);
    assertThat(made)
        .extracting(Cut::time)
        .containsExactly(NOON.plusSeconds(4), NOON.plusSeconds(9));
    assertThatThrownBy(() -> cuts.record(List.of(wanted(149, NOON))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTornEndIsCutOff() throws IOException {
    some();
    byte[] whole = directory().read(CutsFile.NAME);
    for (int length = whole.length - 1; length > whole.length - 60; length--) {
      directory().publish(CutsFile.NAME, Arrays.copyOf(whole, length));
      Cuts cuts = Cuts.open(directory());
      assertThat(gids(cuts)).containsExactly(10L, 11L, 12L, 13L);
      cuts.record(List.of(wanted(145, NOON)));
      assertThat(gids(Cuts.open(directory()))).containsExactly(10L, 11L, 12L, 13L, 14L);
    }
  }

  /** Rule M1: of several that were made at once the later ones alone survived, as damage. */
  @Test
  void cutsThatWereMadeAtOnceSurviveALossOfPowerTogetherOrNotAtAll() throws IOException {
    Optional<String> label = Optional.of("l".repeat(Cut.LABEL_CHARACTERS_MAX));
    for (int seed = 0; seed < 200; seed++) {
      Cuts cuts = some();
      List<Wanted> many = new ArrayList<>();
      for (int i = 0; i < CutsEntry.CUTS_MAX; i++)
        many.add(new Wanted(150 + i, NOON, Optional.empty(), true, label, Optional.empty(), 4096));
      disk.failNextFlush("/server/vol0/cuts");
      assertThatThrownBy(() -> cuts.record(many)).isInstanceOf(IOException.class);
      disk.powerLoss(new Random(seed));
      assertThat(Cuts.open(directory()).count()).isIn(5, 5 + many.size());
      directory().delete(CutsFile.NAME);
    }
  }

  @Test
  void moreCutsThanAnEntryTakesAreRecordedTogetherToo() throws IOException {
    Cuts cuts = some();
    List<Wanted> many = new ArrayList<>();
    for (int i = 0; i < 3 * CutsEntry.CUTS_MAX; i++) many.add(wanted(150 + i, NOON));
    cuts.record(many);
    disk.powerLoss(new Random(1));
    assertThat(Cuts.open(directory()).history()).isEqualTo(cuts.history());
  }

  @Test
  void damageInFrontOfAValidEntryIsRefused() throws IOException {
    some();
    byte[] whole = directory().read(CutsFile.NAME);
    whole[CutsFile.HEADER_BYTES + 40] ^= 1;
    directory().publish(CutsFile.NAME, whole);
    assertThatThrownBy(() -> Cuts.open(directory()))
        .hasMessageContaining("no valid entry stands at byte 16");
    whole[3] ^= 1;
    directory().publish(CutsFile.NAME, whole);
    assertThatThrownBy(() -> Cuts.open(directory())).hasMessageContaining("header");
    directory().delete(CutsFile.NAME);
    assertThatThrownBy(() -> Cuts.open(directory())).hasMessageContaining("missing");
  }

  /** Rule M1: nobody heard of what was not synced, so its gid is free for another place. */
  @Test
  void afterAFailedSyncTheFileIsMadeAnew() throws IOException {
    Cuts cuts = some();
    disk.failNextFlush("/server/vol0/cuts");
    assertThatThrownBy(() -> cuts.record(List.of(wanted(150, NOON))))
        .isInstanceOf(IOException.class);
    assertThat(gids(cuts)).containsExactly(10L, 11L, 12L, 13L, 14L);
    Cut again = cuts.record(List.of(wanted(160, NOON))).getFirst();
    assertThat(again.gid()).isEqualTo(15);
    disk.powerLoss(new Random(2));
    assertThat(Cuts.open(directory()).newest()).contains(again);
  }

  /**
   * Rule M1: what a process reads that the one before it did not sync may be gone with the power.
   */
  @Test
  void whatWasReadIsDurableBeforeAnybodyHearsOfIt() throws IOException {
    some();
    byte[] whole = directory().read(CutsFile.NAME);
    directory().publish(CutsFile.NAME, Arrays.copyOf(whole, whole.length - 20));
    try (AppendFile file = directory().append(CutsFile.NAME)) {
      file.append(ByteBuffer.wrap(whole, whole.length - 20, 20));
    }
    disk.processDeath();
    Optional<Cut> newest = Cuts.open(directory()).newest();
    disk.powerLoss(new Random(3));
    assertThat(Cuts.open(directory()).newest()).isEqualTo(newest);
  }

  /** Rule M2. */
  @Test
  void noGidIsGivenTwiceAlsoAfterALocalSession() throws IOException {
    Cuts cuts = some();
    cuts.begin(new Session(4, new SessionUuid(5, 6), Optional.empty(), 200), NOON);
    Cuts again = Cuts.open(directory());
    assertThat(again.history().cuts()).isEmpty();
    assertThat(again.isProtecting()).isFalse();
    assertThat(again.lastGid()).contains(14L);
    Session next = new Session(5, new SessionUuid(7, 8), Optional.of(14L), 300);
    assertThatThrownBy(() -> again.begin(next, NOON)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatIsNotNeededAnyMoreIsLeftOutOfTheNextFile() throws IOException {
    Cuts cuts = some();
    cuts.forgetBelow(130);
    long before = directory().read(CutsFile.NAME).length;
    for (int i = 0; i < 12_000; i++) {
      cuts.record(List.of(wanted(200 + i, NOON)));
      if (i % 100 == 0) cuts.forgetBelow(200 + i);
    }
    assertThat(directory().read(CutsFile.NAME).length - before).isLessThan(2 << 20);
    assertThat(Cuts.open(directory()).newest()).isEqualTo(cuts.newest());
  }

  @Test
  void theBytesAreTheseForEver() throws IOException {
    Cuts.create(directory(), new SessionUuid(1, 2), 7);
    assertThat(HexFormat.of().formatHex(directory().read(CutsFile.NAME)))
        .isEqualTo(
            "424b53544355545301000000a611d367424b43555f00000099f49259bf6773657373696f6ebf666e756d6265"
                + "7200647575696478203030303030303030303030303030303130303030303030303030303030303032"
                + "686669727374476964f66966697273744c73696407ff63637574f6686f766572666c6f77f6ff");
  }
}
