package io.backstay.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.diff.DiffInput;
import io.backstay.diff.SortedDiffReader;
import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Session;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.proxy.IntervalConverter.Converted;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackBuilder;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntervalConverterTest {
  private static final Session SESSION =
      new Session(1, new SessionUuid(1, 2), Optional.of(5L), 100);
  private static final int SALT = 77;
  private static final int MIB_SECTORS = 2048;

  private final MemoryDisk disk = new MemoryDisk();
  private final Directory directory = disk.directory("/spool");
  private final Random random = new Random(3);
  private final ByteBuffer log = BufferPool.aligned(ProxyService.INTERVAL_BYTES_MAX);
  private long lsid = 100;

  @Test
  void theWdiffIsTheSameHoweverManyThreadsCompress() throws Exception {
    for (int i = 0; i < 60; i++) writes(20);
    byte[] alone = converted(1, IntervalConverter.STRETCHES_MAX);
    assertThat(alone.length).isGreaterThan(3 << 20);
    assertThat(converted(4, IntervalConverter.STRETCHES_MAX)).isEqualTo(alone);
  }

  @Test
  void aWdiffThatWasMergedOfRunsIsTheSameAsOneThatWasNot() throws Exception {
    for (int i = 0; i < 30; i++) {
      writes(5);
      discards(10, 64, 1 + random.nextInt(40));
    }
    assertThat(converted(2, 50)).isEqualTo(converted(2, IntervalConverter.STRETCHES_MAX));
  }

  /** Its wdiff is larger than the log and all memory of a conversion: 70 MiB of records. */
  @Test
  void discardsOfAnyNumberAndSizeAreConverted() throws Exception {
    int packs = 600;
    for (int i = 0; i < packs; i++) discards(127, 1 << 17, 31 * MIB_SECTORS);
    Spool spool = spool();
    try (Converted made = convert(spool, 2, IntervalConverter.STRETCHES_MAX)) {
      assertThat(made.sidecar().fileBytes()).isGreaterThan(70L << 20);
      spool.add(made);
      SortedDiffReader reader =
          new SortedDiffReader(
              DiffInput.of("it", directory.openDevice(made.diff().fileName()), made.sidecar()));
      long sectors = 0;
      for (var next = reader.next(); next.isPresent(); next = reader.next()) {
        assertThat(next.get().kind()).isEqualTo(Kind.DISCARD);
        sectors += next.get().sectors();
      }
      assertThat(sectors).isEqualTo(packs * 127L * 31 * MIB_SECTORS);
    }
  }

  @Test
  void nothingButTheWdiffAndItsSidecarStays() throws Exception {
    for (int i = 0; i < 10; i++) discards(20, 64, 3);
    Spool spool = spool();
    try (Converted made = convert(spool, 2, 50)) {
      spool.add(made);
      assertThat(directory.list())
          .containsExactlyInAnyOrder(made.diff().fileName(), made.sidecar().fileName());
    }
  }

  @Test
  void aDamagedLogLeavesNothingBehind() throws Exception {
    for (int i = 0; i < 10; i++) discards(20, 64, 3);
    writes(3);
    log.put(log.position() - 10, (byte) ~log.get(log.position() - 10));
    Spool spool = spool();
    assertThatThrownBy(() -> convert(spool, 2, 50)).isInstanceOf(MalformedLogException.class);
    assertThat(directory.list()).isEmpty();
  }

  private byte[] converted(int compressors, int stretchesMax) throws Exception {
    Spool spool = spool();
    try (Converted made = convert(spool, compressors, stretchesMax)) {
      made.draft().rename("converted");
      return directory.read("converted");
    }
  }

  private Spool spool() throws IOException {
    return Spool.open("vol0", directory, Time.system());
  }

  private Converted convert(Spool spool, int compressors, int stretchesMax) throws Exception {
    BufferPool pool = new BufferPool(1, ConversionMemory.bytes(compressors));
    try (ConversionMemory memory = new ConversionMemory(pool.take(), compressors)) {
      return new IntervalConverter(record(), spool, Time.system(), stretchesMax)
          .convert(interval(), memory);
    }
  }

  private Interval interval() throws InterruptedException {
    BufferPool.Lease lease = new BufferPool(1, ProxyService.INTERVAL_BYTES_MAX).take();
    lease.buffer().put(log.duplicate().flip()).flip();
    return new Interval(SESSION, SALT, cut(100, 5), cut(lsid, 6), lease);
  }

  private static Cut cut(long lsid, long gid) {
    return new Cut(
        1,
        lsid,
        gid,
        Instant.parse("2026-11-21T08:00:00Z"),
        Optional.empty(),
        false,
        Optional.empty());
  }

  private static ProtectionRecord record() {
    return new ProtectionRecord(
        1,
        "vol0",
        VolumeKind.LOGGED,
        1L << 50,
        "/data",
        "s0",
        List.of("a0"),
        "a0",
        Optional.of(new LogPlan("/log", 32 << 20, 1 << 20)),
        Optional.of(Shipping.by(List.of("p0"))));
  }

  /** A pack of so many discards, each so many sectors behind the last one. */
  private void discards(int count, int step, int sectors) {
    PackBuilder pack = new PackBuilder(Interval.BLOCK_BYTES, lsid);
    long at = (lsid - 100) * 127 * step;
    for (int i = 0; i < count; i++) pack.addDiscard(at + (long) i * step, sectors);
    add(pack, ByteBuffer.allocate(0));
  }

  /** A pack of so many writes of a few KiB, somewhere in 64 MiB. */
  private void writes(int count) {
    PackBuilder pack = new PackBuilder(Interval.BLOCK_BYTES, lsid);
    ByteBuffer data = ByteBuffer.allocateDirect(count * 16384);
    for (int i = 0; i < count; i++) {
      byte[] content = new byte[4096 * (1 + random.nextInt(4))];
      random.nextBytes(content);
      // Half of it becomes smaller.
      java.util.Arrays.fill(content, 0, content.length / 2, (byte) i);
      int checksum = WalbChecksum.of(ByteBuffer.wrap(content), SALT);
      pack.addWrite(8L * random.nextInt(16384), content.length / 512, checksum);
      data.put(content);
    }
    add(pack, data.flip());
  }

  private void add(PackBuilder pack, ByteBuffer data) {
    PackHeader header = pack.build();
    header.write(log.slice(log.position(), Interval.BLOCK_BYTES), SALT);
    log.position(log.position() + Interval.BLOCK_BYTES);
    log.put(data);
    lsid = header.nextLsid();
  }
}
