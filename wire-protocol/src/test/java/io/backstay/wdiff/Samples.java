package io.backstay.wdiff;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Stream;

/** Wdiffs that walb-tools made; see the README beside them. */
final class Samples {
  private Samples() {}

  static ByteBuffer read(String name) {
    try (InputStream in = Samples.class.getResourceAsStream("/walb/" + name)) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> sorted() {
    return Stream.of(
        "s512.sorted.snappy.wdiff",
        "s512.sorted.gzip.wdiff",
        "s512.sorted.lz4.wdiff",
        "s4096.sorted.snappy.wdiff",
        "s4096.sorted.lzma.wdiff",
        "s4096.sorted.zstd.wdiff",
        "r512.sorted.snappy.wdiff",
        "r4096.sorted.snappy.wdiff",
        "hand.sorted.snappy.wdiff",
        "bigdiscard.sorted.snappy.wdiff",
        "merged.s512-r512.snappy.wdiff",
        "merged.s512-r512-s4096.none.wdiff",
        "empty.sorted.wdiff",
        "full.sorted.wdiff",
        "recv-16-17.zstd.sorted.wdiff",
        "20231114221700----12-13.wdiff");
  }

  static Stream<String> indexed() {
    return Stream.of(
        "s512.indexed.snappy.wdiff",
        "s512.indexed.gzip.lib.wdiff",
        "s512.indexed.maxio4.lib.wdiff",
        "s4096.indexed.snappy.wdiff",
        "s4096.indexed.zstd.lib.wdiff",
        "r512.indexed.snappy.wdiff",
        "r4096.indexed.snappy.wdiff",
        "hand.indexed.snappy.wdiff",
        "bigdiscard.indexed.snappy.wdiff",
        "empty.indexed.wdiff",
        "20231114221420-M--17-18.wdiff");
  }
}
