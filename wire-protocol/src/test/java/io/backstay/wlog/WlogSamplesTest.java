package io.backstay.wlog;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.wlog.LogRecord.Kind;
import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.Samples.Discards;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that walb-tools 1.0.19 made or accepted. */
class WlogSamplesTest {
  @ParameterizedTest
  @CsvSource({
    "s512.wlog,     65536,   0, ZERO,    5665e318f200707e6625a54dda9dce9092f3ec2e237689884b5880aa861f1ab0",
    "s512.wlog,     65536,   0, IGNORED, 6ef84b7f8a8d9f1af6b2b71eff139a7f59d3b4bc9d77d0d221770aa538c0d2aa",
    "s4096.wlog,    65536,   0, ZERO,    a26888f5e8f63a88fbba1ec2d904d864bbbb78e563dd95b9f2cd16c7c598ff3c",
    "s4096.wlog,    65536,   0, IGNORED, 52c865b5cf6366c1cc65da3ce083aa14501d3c5249f9cf36b408d551a64243c7",
    "r512.wlog,     65536,   0, ZERO,    46ff81d2d1656ad12469f178522d5246ddd45eba07d3ff87c5864b5171ddbaa2",
    "r512.wlog,     65536,   0, IGNORED, a0362da3c5ac92e8e8c81995154dd3e33e49241c643c2296ec36a8ff413011e4",
    "r4096.wlog,    65536,   0, ZERO,    43b6418ada16666e1911fad43a7a6aa13526ce1363cb472ab5fccb5d91164625",
    "r4096.wlog,    65536,   0, IGNORED, b5c72839b4dece479f838ca7f6205e83cc4cc279b9f078a1080228ebd2a152a7",
    "hand.wlog,     65536,   0, ZERO,    e1652d9bfdfa3a52745e7637bf38e3853690a581e1fb125eb140d025aed0738e",
    "hand.wlog,     65536,   0, IGNORED, e1652d9bfdfa3a52745e7637bf38e3853690a581e1fb125eb140d025aed0738e",
    "bigdiscard.wlog, 4194304, 255, ZERO,    d2ed3bc01a90e44b90078dc8f72f4fa4faefe98a24ba5243eec6c11f27e8fcfb",
    "bigdiscard.wlog, 4194304, 255, IGNORED, 0fc697bf9d3a40d17556ed955db6f1674ed15228e66f79e22d3a2bff39f95b4a"
  })
  void aReplayGivesTheImageThatWalbGives(
      String name, int imageBytes, int fill, Discards discards, String sha256) throws IOException {
    byte[] image = new byte[imageBytes];
    Arrays.fill(image, (byte) fill);
    replay(Samples.read(name), image, discards);
    assertThat(Samples.sha256(image)).isEqualTo(sha256);
  }

  @Test
  void oneWlogAfterTheOtherGivesTheImageOfBoth() throws IOException {
    byte[] image = new byte[65536];
    replay(Samples.read("s512.wlog"), image, Discards.ZERO);
    replay(Samples.read("r512.wlog"), image, Discards.ZERO);
    assertThat(Samples.sha256(image))
        .isEqualTo("02134aec0b8f89061d15923c99762fe7fd178fc55f1df8e032394aec8e00cae4");
    replay(Samples.read("s4096.wlog"), image, Discards.ZERO);
    assertThat(Samples.sha256(image))
        .isEqualTo("8933c793d849b6a7a4b0332c4a95a1d2d70cac8a3d3032ed7da5d6c9b7e20d33");
  }

  @ParameterizedTest
  @CsvSource({
    "s512.wlog, 512, 1000, 1101, 7, 24, 13, 4",
    "s4096.wlog, 4096, 5000, 5012, 2, 7, 5, 1",
    "r512.wlog, 512, 2000, 2047, 3, 9, 7, 1",
    "hand.wlog, 512, 0, 14, 1, 3, 0, 0",
    "bigdiscard.wlog, 512, 0, 4, 1, 1, 2, 0"
  })
  void itHoldsWhatItsMakerPutIn(
      String name,
      int blockBytes,
      long begin,
      long end,
      int packs,
      int writes,
      int discards,
      int pads)
      throws IOException {
    List<WlogItem> items = items(Samples.read(name));
    WlogItem.Begin first = (WlogItem.Begin) items.getFirst();
    WlogItem.End last = (WlogItem.End) items.getLast();
    assertThat(first.header().blockBytes()).isEqualTo(blockBytes);
    assertThat(first.header().beginLsid()).isEqualTo(begin);
    assertThat(last.lsid()).isEqualTo(end);
    assertThat(items.stream().filter(WlogItem.Pack.class::isInstance)).hasSize(packs);
    assertThat(kinds(items, Kind.NORMAL)).hasSize(writes);
    assertThat(kinds(items, Kind.DISCARD)).hasSize(discards);
    assertThat(kinds(items, Kind.PADDING)).hasSize(pads);
  }

  @ParameterizedTest
  @MethodSource("io.backstay.wlog.Samples#wlogs")
  void writtenAgainItHasTheSameBytes(String name) throws IOException {
    byte[] sample = Samples.read(name);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    WlogWriter writer = null;
    WlogReader reader = reader(sample);
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      switch (next.get()) {
        case WlogItem.Begin begin ->
            writer = WlogWriter.begin(Channels.newChannel(out), begin.header());
        case WlogItem.Pack pack -> writer.pack(pack.header());
        case WlogItem.Io io -> writer.data(io.blocks());
        case WlogItem.End _ -> writer.end();
      }
    }
    assertThat(out.toByteArray()).isEqualTo(sample);
  }

  @Test
  void theWorkedExampleHasTheseBytes() throws IOException {
    int salt = 0x12345678;
    byte[] sample = Samples.read("hand.wlog");
    ByteBuffer data = ByteBuffer.allocate(13 * 512);
    data.put(0, filled(8 * 512, 5)).put(8 * 512, filled(2 * 512, 6));
    PackBuilder pack = new PackBuilder(512, 0);
    pack.addWrite(8, 8, WalbChecksum.of(data, 0, 8 * 512, salt));
    pack.addWrite(10, 2, WalbChecksum.of(data, 8 * 512, 2 * 512, salt));
    pack.addWrite(0, 3, WalbChecksum.of(data, 10 * 512, 3 * 512, salt));
    PackHeader header = pack.build();
    assertThat(header.records())
        .extracting(LogRecord::checksum)
        .containsExactly(0xd9b79588, 0xe7c5a388, -salt);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SessionUuid uuid = SessionUuid.parse("000102030405060708090a0b0c0d0e0f");
    WlogWriter writer =
        WlogWriter.begin(
            Channels.newChannel(out), new WlogHeader(512, salt, uuid, 0, OptionalLong.empty()));
    writer.pack(header);
    writer.data(data.slice(0, 1000));
    writer.data(data.slice(1000, 13 * 512 - 1000));
    writer.end();
    assertThat(out.toByteArray()).hasSize(11776).isEqualTo(sample);
  }

  @Test
  void theHeaderOfAWlogHasTheseBytes() {
    byte[] sample = Samples.read("hand.wlog");
    assertThat(HexFormat.of().formatHex(sample, 0, 56))
        .startsWith("0400" + "0200" + "0010" + "0000")
        .endsWith(
            "78563412"
                + "00020000"
                + "00020000"
                + "000102030405060708090a0b0c0d0e0f"
                + "0000000000000000"
                + "ffffffffffffffff");
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static void replay(byte[] wlog, byte[] image, Discards discards) throws IOException {
    WlogReader reader = reader(wlog);
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      if (next.get() instanceof WlogItem.Io io) {
        Samples.apply(io.record(), io.blocks(), image, discards);
      }
    }
  }

  private static Stream<WlogItem> kinds(List<WlogItem> items, Kind kind) {
    return items.stream()
        .filter(item -> item instanceof WlogItem.Io io && io.record().kind() == kind);
  }

  private static List<WlogItem> items(byte[] wlog) throws IOException {
    return WlogReaderTest.items(reader(wlog));
  }

  private static WlogReader reader(byte[] wlog) {
    return new WlogReader(
        Channels.newChannel(new ByteArrayInputStream(wlog)),
        Paddings.MAY_BE_EMPTY,
        WlogFault.Sink.refusing());
  }
}
