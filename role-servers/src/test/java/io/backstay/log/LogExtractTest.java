package io.backstay.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices.Caching;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MortalTime;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.SuperSector;
import io.backstay.wlog.WalbChecksum;
import io.backstay.wlog.WlogItem;
import io.backstay.wlog.WlogReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogExtractTest {
  private static final int BYTES = 1 << 20;
  private static final int RING_BLOCKS = 3000;
  private static final int SALT = 0xfeed;

  private final MemoryDisk disk = new MemoryDisk();
  private final MortalTime time = new MortalTime();
  private final List<PackHeader> written = new ArrayList<>();
  private final List<PackHeader> extracted = new ArrayList<>();
  private LogDevice log;
  private BlockDevice device;

  @AfterEach
  void endItsThreads() {
    disk.processDeath();
    time.processDeath();
  }

  @Test
  void theWlogsBetweenCutsGiveTheImageAtEachCut() throws Exception {
    disk.addBlockDevice("/dev/log", 64 << 20);
    disk.addBlockDevice("/dev/data", BYTES);
    VolumeParts parts = PartsOnDisk.of(disk, time, new LogSettings(1 << 20, Duration.ofHours(1)));
    // Half of the log is more than is written: no checkpoint gives it up.
    LoggedVolume.format(parts, BYTES);
    LoggedVolume volume = LoggedVolume.open(parts, false);
    Client client = new Client(volume);
    LogExtract extract = volume.extract();
    Random random = new Random(11);
    byte[] model = new byte[BYTES];
    byte[] image = new byte[BYTES];
    ByteArrayOutputStream wlogs = new ByteArrayOutputStream();
    long begin = 0;
    for (int cut = 0; cut < 12; cut++) {
      for (int i = random.nextInt(40); i >= 0; i--) change(client, model, random);
      assertThat(client.flush()).isZero();
      long end = volume.position().durable();
      ByteArrayOutputStream one = new ByteArrayOutputStream();
      extract.wlog(begin, end, Channels.newChannel(one));
      replay(one.toByteArray(), image);
      assertThat(Arrays.mismatch(image, model)).as("cut %d", cut).isEqualTo(-1);
      wlogs.writeBytes(one.toByteArray());
      begin = end;
    }
    byte[] again = new byte[BYTES];
    replay(wlogs.toByteArray(), again);
    assertThat(again).as("all of them as one stream").isEqualTo(model);
    volume.stop();
  }

  private static void change(Client client, byte[] model, Random random) {
    int offset = random.nextInt(BYTES / 512 - 1) * 512;
    int length = Math.min(BYTES - offset, 512 * (1 + random.nextInt(200)));
    if (random.nextInt(5) == 0) {
      assertThat(client.trim(offset, length, false)).isZero();
      Arrays.fill(model, offset, offset + length, (byte) 0);
      return;
    }
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    assertThat(client.write(offset, bytes, false)).isZero();
    System.arraycopy(bytes, 0, model, offset, length);
  }

  private static void replay(byte[] wlog, byte[] image) throws IOException {
    WlogReader reader = new WlogReader(Channels.newChannel(new ByteArrayInputStream(wlog)));
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      if (!(next.get() instanceof WlogItem.Io io)) continue;
      int offset = (int) io.record().offsetSectors() * 512;
      int length = (int) io.record().sizeSectors() * 512;
      switch (io.record().kind()) {
        case NORMAL -> io.blocks().get(0, image, offset, length);
        case DISCARD -> Arrays.fill(image, offset, offset + length, (byte) 0);
        case PADDING -> {}
      }
    }
  }

  @Test
  void packsAreHandedOnInOrderAlsoAroundTheRingsEnd() throws IOException {
    fill(2 * RING_BLOCKS + 500);
    long begin = firstKept();
    extract(position(begin)).run(begin, end(), (pack, _) -> extracted.add(pack));
    assertThat(extracted).isEqualTo(kept(begin)).hasSizeGreaterThan(5);
    assertThat(written).anyMatch(pack -> pack.paddings() > 0);
    assertThat(extracted)
        .as("a pack wraps")
        .anyMatch(pack -> pack.sizeBytes() / 4096 > log.layout().blocksToRingEnd(pack.lsid()));
  }

  /** Rule L6. */
  @Test
  void whatWasGivenUpWhileItWasReadIsNotHandedOn() throws IOException {
    fill(RING_BLOCKS - 200);
    int[] asked = {0};
    LogExtract extract =
        new LogExtract(log, () -> position(asked[0]++ == 0 ? 0 : written.getFirst().nextLsid()));
    assertThatThrownBy(() -> extract.run(0, end(), (pack, _) -> extracted.add(pack)))
        .isInstanceOfSatisfying(
            LogGivenUpException.class,
            e -> assertThat(e.oldestLsid()).isEqualTo(written.getFirst().nextLsid()))
        .hasMessageContaining("the log from lsid 0 is wanted");
    assertThat(extracted).isEmpty();
  }

  /** Rule L6. */
  @Test
  void whatIsNoLongerKeptIsRefused() throws IOException {
    fill(RING_BLOCKS - 200);
    assertThatThrownBy(() -> extract(position(1)).run(0, end(), (pack, _) -> extracted.add(pack)))
        .isInstanceOf(LogGivenUpException.class);
    assertThat(extracted).isEmpty();
  }

  @Test
  void damageIsDamageOnlyWhileTheLogIsKept() throws IOException {
    fill(RING_BLOCKS - 200);
    PackHeader pack = written.get(written.size() / 2);
    ByteBuffer other = BufferPool.aligned(4096);
    device.write(log.layout().physicalBytes(pack.lsid() + 1), other);
    assertThatThrownBy(() -> extract(position(0)).run(0, end(), (some, _) -> extracted.add(some)))
        .isInstanceOf(MalformedLogException.class)
        .hasMessageContaining("lsid %d: ".formatted(pack.lsid() + 1));
    assertThat(extracted).isEqualTo(written.subList(0, extracted.size()));
    int[] asked = {0};
    LogExtract late = new LogExtract(log, () -> position(asked[0]++ == 0 ? 0 : end()));
    assertThatThrownBy(() -> late.run(pack.lsid(), end(), (_, _) -> {}))
        .isInstanceOf(LogGivenUpException.class);
  }

  @Test
  void anEndThatIsNotBetweenPacksOrNotDurableIsRefused() throws IOException {
    fill(RING_BLOCKS - 200);
    LogExtract extract = extract(position(0));
    assertThatThrownBy(() -> extract.run(0, end() - 1, (_, _) -> {}))
        .isInstanceOf(MalformedLogException.class)
        .hasMessageContaining("a pack that reaches to " + end());
    assertThatThrownBy(() -> extract.run(0, end() + 1, (_, _) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("durable up to " + end());
    assertThatThrownBy(() -> extract.run(end(), end(), (_, _) -> {}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private LogExtract extract(LogPosition position) {
    return new LogExtract(log, () -> position);
  }

  private LogPosition position(long oldest) {
    return new LogPosition(oldest, oldest, end(), end(), RING_BLOCKS, false);
  }

  private long end() {
    return written.getLast().nextLsid();
  }

  /** The first pack that the newer ones left whole. */
  private long firstKept() {
    return written.stream()
        .mapToLong(PackHeader::lsid)
        .filter(lsid -> lsid >= end() - RING_BLOCKS)
        .findFirst()
        .orElseThrow();
  }

  private List<PackHeader> kept(long begin) {
    return written.stream().filter(pack -> pack.lsid() >= begin).toList();
  }

  /** Writes packs from lsid 0 on, up to the largest there are, until so many blocks are written. */
  private void fill(long blocks) throws IOException {
    long bytes = (RING_BLOCKS + 3L) * 4096;
    disk.addBlockDevice("/dev/log", bytes);
    device = disk.devices().openAlone("/dev/log", Caching.DIRECT);
    LogLayout layout = LogLayout.forDevice(4096, bytes);
    log =
        LogDevice.format(
            device, SuperSector.format(layout, SALT, new SessionUuid(3, 4), "vol0", 0, 1 << 20));
    Random random = new Random(5);
    for (long lsid = 0; lsid < blocks; lsid = end()) written.add(pack(lsid, random));
  }

  private PackHeader pack(long lsid, Random random) throws IOException {
    PackBuilder pack = new PackBuilder(4096, lsid);
    ByteBuffer bytes = BufferPool.aligned(LogRing.PACK_BLOCKS_MAX * 4096);
    int target = 1 + random.nextInt(LogRing.PACK_BLOCKS_MAX - 1);
    while (pack.dataBlocks() < target && pack.recordsLeft() > 1) {
      int count = Math.min(256, target - pack.dataBlocks());
      long padding = log.layout().paddingBlocks(pack.nextLsid(), count);
      if (padding > 0 && (pack.isPadded() || padding + count > target - pack.dataBlocks())) {
        count = (int) Math.min(count, padding);
        padding = 0;
      }
      if (padding > 0) pack.addPadding(padding);
      byte[] content = new byte[count * 4096];
      random.nextBytes(content);
      int at = (int) (pack.nextLsid() - lsid) * 4096;
      bytes.put(at, content);
      pack.addWrite(0, count * 8, WalbChecksum.of(bytes, at, content.length, SALT));
      if (random.nextInt(4) == 0) pack.addDiscard(0, 8);
    }
    PackHeader header = pack.build();
    header.write(bytes.clear(), SALT);
    log.write(lsid, bytes.rewind().limit((int) header.sizeBytes()));
    return header;
  }
}
