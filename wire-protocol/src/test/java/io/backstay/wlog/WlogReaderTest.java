package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.WlogItem.By;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WlogReaderTest {
  private static final SessionUuid UUID = new SessionUuid(1, 2);
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  @Test
  void wlogsBehindEachOtherAreOneLog() throws IOException {
    for (int blockBytes : new int[] {512, 4096}) {
      byte[] both = join(wlog(blockBytes, 10, UNKNOWN, 2), wlog(blockBytes, 18, UNKNOWN, 1));
      List<WlogItem> items = items(reader(both));
      assertThat(ends(items))
          .extracting(WlogItem.End::lsid, WlogItem.End::by)
          .containsExactly(tuple(18L, By.END_BLOCK), tuple(22L, By.END_BLOCK));
    }
  }

  @Test
  void aWlogWithoutItsEndBlockEndsWhereTheNextBeginsOrTheStreamEnds() throws IOException {
    for (int blockBytes : new int[] {512, 4096}) {
      byte[] one = wlog(blockBytes, 10, UNKNOWN, 2);
      byte[] two = wlog(blockBytes, 18, OptionalLong.of(22), 1);
      byte[] both =
          join(
              Arrays.copyOf(one, one.length - blockBytes),
              Arrays.copyOf(two, two.length - blockBytes));
      assertThat(ends(items(reader(both))))
          .extracting(WlogItem.End::lsid, WlogItem.End::by)
          .containsExactly(tuple(18L, By.NEXT_WLOG), tuple(22L, By.END_OF_STREAM));
    }
  }

  @Test
  void aGapOrAnotherSessionBetweenWlogsIsRefused() {
    assertRefused(
        join(wlog(512, 10, UNKNOWN, 2), wlog(512, 19, UNKNOWN, 1)),
        "wlog, byte 8704, lsid 18: the next wlog is of session 0000",
        "from lsid 19");
    byte[] other = wlog(512, 18, UNKNOWN, 1);
    ByteBuffer head = ByteBuffer.wrap(other);
    new WlogHeader(512, 7, new SessionUuid(1, 3), 18, UNKNOWN).write(head);
    assertRefused(
        join(wlog(512, 10, UNKNOWN, 2), other), "expected 00000000000000010000000000000002");
  }

  @Test
  void aWlogCutAnywhereButBetweenPacksIsRefused() throws IOException {
    byte[] wlog = wlog(512, 10, UNKNOWN, 2);
    for (int length = 0; length < wlog.length; length++) {
      byte[] cut = Arrays.copyOf(wlog, length);
      boolean between = length == 4096 || length == 4096 + 2048 || length == 4096 + 4096;
      if (between) assertThat(items(reader(cut)).getLast()).isInstanceOf(WlogItem.End.class);
      else {
        assertThatThrownBy(() -> items(reader(cut)))
            .as("cut at %d", length)
            .isInstanceOf(MalformedLogException.class);
      }
    }
  }

  @Test
  void aWlogWhoseHeaderNamesItsEndEndsThereAndNowhereElse() {
    byte[] wlog = wlog(512, 10, OptionalLong.of(18), 2);
    assertRefused(
        Arrays.copyOf(wlog, 4096 + 2048),
        "wlog, byte 6144, lsid 14: the wlog ends here, its header says it reaches to lsid 18");
    byte[] longer = wlog(512, 10, UNKNOWN, 2);
    new WlogHeader(512, 7, UUID, 10, OptionalLong.of(14)).write(ByteBuffer.wrap(longer));
    assertRefused(
        longer, "wlog, byte 6144, lsid 14: a pack that reaches to lsid 18", "it ends at 14");
  }

  @Test
  void aWrongBitInDataOrHeadersIsNoticed() {
    byte[] wlog = wlog(512, 10, OptionalLong.of(18), 2);
    int endBlock = wlog.length - 512;
    for (int bit = 0; bit < 8 * endBlock; bit += 3) {
      byte[] bytes = wlog.clone();
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> items(reader(bytes)))
          .as("bit %d", bit)
          .isInstanceOf(MalformedLogException.class);
    }
  }

  @Test
  void theMessageNamesByteAndLsid() {
    byte[] wlog = wlog(512, 10, UNKNOWN, 2);
    wlog[4096 + 2048 + 512 + 3]++;
    assertRefused(wlog, "wlog, byte 6656, lsid 15: 3 sectors for sector 4 have checksum ");
    byte[] header = wlog(512, 10, UNKNOWN, 2);
    header[4096 + 2048 + 100]++;
    assertRefused(header, "wlog, byte 6144, lsid 14: checksum ");
  }

  @Test
  void whoAsksForAllFaultsIsToldOfEachAndGetsTheRest() throws IOException {
    byte[] wlog = wlog(512, 10, UNKNOWN, 3);
    wlog[4096 + 512]++;
    wlog[4096 + 2048 + 512]++;
    List<WlogFault> faults = new ArrayList<>();
    WlogReader reader =
        new WlogReader(
            Channels.newChannel(new ByteArrayInputStream(wlog)), Paddings.FILLED, faults::add);
    List<WlogItem> items = items(reader);
    assertThat(faults).extracting(WlogFault::lsid).containsExactly(11L, 15L);
    assertThat(ends(items)).extracting(WlogItem.End::lsid).containsExactly(22L);
  }

  @Test
  void somethingElseIsNoWlog() {
    assertRefused(new byte[0], "no wlog: its header has 4096 bytes, found 0");
    assertRefused(new byte[5000], "no wlog: sector type 0, version 0, header of 0 bytes");
  }

  @Test
  void theLongestRecordIsReadFromAStreamThatDrips() throws IOException {
    Random random = new Random(5);
    byte[] content = new byte[LogRecord.SIZE_SECTORS_MAX * 512];
    random.nextBytes(content);
    PackBuilder pack = new PackBuilder(4096, 0);
    pack.addWrite(0, LogRecord.SIZE_SECTORS_MAX, WalbChecksum.of(ByteBuffer.wrap(content), 7));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    WlogWriter writer =
        WlogWriter.begin(
            Channels.newChannel(out), new WlogHeader(4096, 7, UUID, 0, OptionalLong.of(8193)));
    writer.pack(pack.build());
    writer.data(ByteBuffer.wrap(content));
    assertThatThrownBy(writer::end).hasMessageContaining("512 bytes of its pack are not written");
    writer.data(ByteBuffer.allocate(512));
    writer.end();
    ReadableByteChannel dripping = dripping(out.toByteArray(), random);
    assertThat(items(new WlogReader(dripping))).hasSize(4);
  }

  /** Gives the bytes in pieces of random length, as a socket does. */
  private static ReadableByteChannel dripping(byte[] bytes, Random random) {
    ByteBuffer source = ByteBuffer.wrap(bytes);
    return new ReadableByteChannel() {
      @Override
      public int read(ByteBuffer into) {
        if (!source.hasRemaining()) return -1;
        int length =
            Math.min(1 + random.nextInt(70_000), Math.min(into.remaining(), source.remaining()));
        into.put(source.slice(source.position(), length));
        source.position(source.position() + length);
        return length;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  /** Packs of 4 blocks: a write of 3, and a discard. */
  private static byte[] wlog(int blockBytes, long begin, OptionalLong end, int packs) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      WlogWriter writer =
          WlogWriter.begin(
              Channels.newChannel(out), new WlogHeader(blockBytes, 7, UUID, begin, end));
      for (int i = 0; i < packs; i++) {
        byte[] content = new byte[3 * blockBytes];
        new Random(i).nextBytes(content);
        PackBuilder pack = new PackBuilder(blockBytes, writer.lsid());
        int sectors = content.length / 512;
        pack.addWrite(4, sectors, WalbChecksum.of(ByteBuffer.wrap(content), 7));
        pack.addDiscard(100, 10);
        writer.pack(pack.build());
        writer.data(ByteBuffer.wrap(content));
      }
      writer.end();
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertRefused(byte[] wlog, String... parts) {
    assertThatThrownBy(() -> items(reader(wlog)))
        .isInstanceOf(MalformedLogException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }

  private static List<WlogItem.End> ends(List<WlogItem> items) {
    return items.stream()
        .filter(WlogItem.End.class::isInstance)
        .map(WlogItem.End.class::cast)
        .toList();
  }

  static List<WlogItem> items(WlogReader reader) throws IOException {
    List<WlogItem> items = new ArrayList<>();
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      items.add(next.get());
    }
    return items;
  }

  private static WlogReader reader(byte[] wlog) {
    return new WlogReader(Channels.newChannel(new ByteArrayInputStream(wlog)));
  }

  private static byte[] join(byte[] one, byte[] two) {
    byte[] both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }
}
