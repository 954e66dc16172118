package io.backstay.wlog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;

/** Files that walb-tools made; see the README beside them. */
final class Samples {
  private Samples() {}

  static byte[] read(String name) {
    try (InputStream in = Samples.class.getResourceAsStream("/walb/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> wlogs() {
    return Stream.of(
        "s512.wlog", "s4096.wlog", "r512.wlog", "r4096.wlog", "hand.wlog", "bigdiscard.wlog");
  }

  /** A ring over the bytes of a log device. */
  static RedoScan.Ring ring(byte[] device) {
    return (offset, into) -> into.put(device, (int) offset, into.remaining());
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a discard does to an image. */
  enum Discards {
    ZERO,
    IGNORED
  }

  /** Applies one record to an image; writes behind its end are cut off. */
  static void apply(LogRecord record, ByteBuffer blocks, byte[] image, Discards discards) {
    int from = (int) Math.min(record.offsetSectors() * 512, image.length);
    int length = (int) Math.min(record.sizeSectors() * 512, image.length - from);
    switch (record.kind()) {
      case NORMAL -> blocks.get(0, image, from, length);
      case DISCARD -> {
        if (discards == Discards.ZERO) Arrays.fill(image, from, from + length, (byte) 0);
      }
      case PADDING -> {}
    }
  }
}
