package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.RedoScan.End;
import io.backstay.wlog.RedoScan.TornPack;
import io.backstay.wlog.RingWriter.Written;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RedoScanTest {
  private static final int SALT = 0x5eed;

  @Test
  void aLogDeviceOfWalbGivesItsImage() throws IOException {
    byte[] device = Samples.read("ldev512.img");
    SuperSector sector = SuperSectors.read(ByteBuffer.wrap(device).position(4096)).chosen();
    assertThat(sector.name()).isEqualTo("smpl");
    assertThat(sector.ringBlocks()).isEqualTo(110);
    assertThat(sector.writtenLsid()).isEqualTo(2070);
    assertThat(sector.layout()).isEqualTo(LogLayout.forDevice(512, device.length));
    PackReader reader = new PackReader(512, sector.salt(), Paddings.MAY_BE_EMPTY);
    byte[] image = new byte[65536];
    List<Long> packs = new ArrayList<>();
    RedoScan.Sink sink =
        new RedoScan.Sink() {
          @Override
          public void record(PackHeader pack, LogRecord record, ByteBuffer blocks) {
            Samples.apply(record, blocks, image, Samples.Discards.ZERO);
          }

          @Override
          public void pack(PackHeader pack) {
            packs.add(pack.lsid());
          }
        };
    End end = new RedoScan(sector.layout(), reader, Samples.ring(device)).run(2070, sink);
    assertThat(packs).containsExactly(2070L, 2089L, 2090L, 2096L);
    assertThat(end.lsid()).isEqualTo(2118);
    assertThat(end.found()).startsWith("sector type 0");
    assertThat(Samples.sha256(image))
        .isEqualTo("46ff81d2d1656ad12469f178522d5246ddd45eba07d3ff87c5864b5171ddbaa2");
  }

  @Test
  void aWholeLogIsWalkedToItsEndOverLapsAndSessions() throws IOException {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      RingWriter log = log(random);
      long from = log.lsid();
      log.records.clear();
      while (log.lsid() - from < log.layout.ringBlocks() / 2) log.pack(6);
      Walk walk = walk(log, from);
      assertThat(walk.records).as("seed %d", seed).isEqualTo(log.records);
      assertThat(walk.end.lsid()).as("seed %d", seed).isEqualTo(log.lsid());
      assertThat(walk.end.torn()).as("seed %d", seed).isEmpty();
    }
  }

  @Test
  void whatATornLogGivesIsAPrefixOfWhatWasWritten() throws IOException {
    for (int seed = 0; seed < 600; seed++) {
      Random random = new Random(seed);
      RingWriter log = log(random);
      long from = log.lsid();
      log.records.clear();
      int durablePacks = random.nextInt(4);
      for (int i = 0; i < durablePacks; i++) log.pack(6);
      long durableLsid = log.lsid();
      int durable = log.records.size();
      byte[] before = log.device.clone();
      while (log.lsid() - from < log.layout.ringBlocks() / 2) log.pack(6);
      tear(log, before, durableLsid, random);

      Walk walk = walk(log, from);

      int kept = walk.records.size();
      assertThat(kept).as("seed %d", seed).isBetween(durable, log.records.size());
      assertThat(walk.records).as("seed %d", seed).isEqualTo(log.records.subList(0, kept));
      assertThat(walk.end.lsid()).as("seed %d", seed).isBetween(durableLsid, log.lsid());
      assertKeptHeaderEndsTheLog(seed, log, from, walk);
    }
  }

  /** Once the torn pack's header is replaced the log is whole and says the same. */
  private void assertKeptHeaderEndsTheLog(int seed, RingWriter log, long from, Walk walk)
      throws IOException {
    if (walk.end.torn().flatMap(TornPack::kept).isEmpty()) return;
    PackHeader kept = walk.end.torn().flatMap(TornPack::kept).get();
    assertThat(kept.nextLsid()).isEqualTo(walk.end.lsid());
    int at = (int) log.layout.physicalBytes(kept.lsid());
    kept.write(ByteBuffer.wrap(log.device).position(at), SALT);
    // What stands behind it is data or nothing; as in rule L5 it is zeroed.
    int next = (int) log.layout.physicalBytes(kept.nextLsid());
    Arrays.fill(log.device, next, next + log.layout.blockBytes(), (byte) 0);
    Walk again = walk(log, from);
    assertThat(again.records).as("seed %d", seed).isEqualTo(walk.records);
    assertThat(again.end.torn()).as("seed %d", seed).isEmpty();
    assertThat(again.end.lsid()).as("seed %d", seed).isEqualTo(walk.end.lsid());
  }

  @Test
  void theLeadingRecordsOfTheTornPackAreKept() throws IOException {
    RingWriter log =
        new RingWriter(
            LogLayout.forDevice(4096, 400_000), SALT, new byte[400_000], 0, new Random(1));
    PackHeader pack = log.pack(1);
    while (pack.records().size() < 4) pack = log.pack(6);
    LogRecord third = pack.records().get(2);
    log.device[(int) log.layout.physicalBytes(pack.lsidOf(third)) + 100]++;
    Walk walk = walk(log, 0);
    assertThat(walk.end.torn()).contains(new TornPack(pack, 2));
    assertThat(walk.end.lsid()).isEqualTo(pack.withFirst(2).nextLsid());
    assertThat(walk.end.found())
        .startsWith("record 2 of the pack at lsid " + pack.lsid())
        .contains("does not have checksum");
  }

  @Test
  void aWalkStopsAtItsLimitAndHandsOnNoPackThatReachesBehindIt() throws IOException {
    Random random = new Random(3);
    RingWriter log = log(random);
    long from = log.lsid();
    long middle = log.pack(6).nextLsid();
    log.pack(6);
    RedoScan scan =
        new RedoScan(
            log.layout,
            new PackReader(log.layout.blockBytes(), SALT, Paddings.FILLED),
            Samples.ring(log.device));
    assertThat(scan.run(from, middle, (_, _, _) -> {}).lsid()).isEqualTo(middle);
    End before = scan.run(from, middle + 1, (_, _, _) -> {});
    assertThat(before.lsid()).isEqualTo(middle);
    assertThat(before.found()).contains("behind the limit of the walk");
  }

  /** A ring that an earlier session and earlier laps left something in. */
  private static RingWriter log(Random random) {
    int blockBytes = random.nextBoolean() ? 512 : 4096;
    int bytes = blockBytes * (300 + random.nextInt(200)) + random.nextInt(blockBytes);
    LogLayout layout = LogLayout.forDevice(blockBytes, bytes);
    byte[] device = new byte[bytes];
    long start = random.nextInt(1000);
    RingWriter other = new RingWriter(layout, SALT + 1, device, start, random);
    for (int i = 0; i < 20; i++) other.pack(6);
    RingWriter log = new RingWriter(layout, SALT, device, start, random);
    int packs = random.nextInt(60);
    for (int i = 0; i < packs; i++) log.pack(6);
    return log;
  }

  /** Each sector written from an lsid on may not have reached the device. */
  private static void tear(RingWriter log, byte[] before, long fromLsid, Random random) {
    int chance = 1 + random.nextInt(100);
    for (long lsid = fromLsid; lsid < log.lsid(); lsid++) {
      for (int sector = 0; sector < log.layout.blockBytes(); sector += 512) {
        int at = (int) log.layout.physicalBytes(lsid) + sector;
        if (random.nextInt(chance) == 0) System.arraycopy(before, at, log.device, at, 512);
      }
    }
  }

  private record Walk(List<Written> records, End end) {}

  private static Walk walk(RingWriter log, long from) throws IOException {
    List<Written> records = new ArrayList<>();
    PackReader reader = new PackReader(log.layout.blockBytes(), SALT, Paddings.FILLED);
    End end =
        new RedoScan(log.layout, reader, Samples.ring(log.device))
            .run(
                from,
                (pack, record, blocks) -> {
                  byte[] content = new byte[record.dataBytes()];
                  blocks.get(content);
                  records.add(new Written(pack.lsidOf(record), record, Samples.sha256(content)));
                });
    return new Walk(records, end);
  }
}
