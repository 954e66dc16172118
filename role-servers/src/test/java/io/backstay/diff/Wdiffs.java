package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WlogFault;
import io.backstay.wlog.WlogItem;
import io.backstay.wlog.WlogReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Wdiffs in memory, and what they make of an image. */
final class Wdiffs {
  static final SessionUuid UUID = new SessionUuid(0x0123456789abcdefL, 0x0f1e2d3c4b5a6978L);

  private Wdiffs() {}

  /** A file that walb-tools made; see the README beside them. */
  static byte[] sample(String name) {
    try (InputStream in = Wdiffs.class.getResourceAsStream("/walb/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static DiffInput input(byte[] wdiff) {
    return DiffInput.of("a wdiff", Channels.newChannel(new ByteArrayInputStream(wdiff)));
  }

  static SortedDiffReader sorted(byte[] wdiff) throws IOException {
    return new SortedDiffReader(input(wdiff));
  }

  static DiffMerge merge(byte[]... oldestFirst) throws IOException {
    List<SortedDiffReader> readers = new ArrayList<>();
    for (byte[] wdiff : oldestFirst) readers.add(sorted(wdiff));
    return new DiffMerge(readers);
  }

  /** What applying them makes of an image of so many bytes of one value. */
  static byte[] image(int bytes, int fill, DiffMerge diffs) throws IOException {
    byte[] image = new byte[bytes];
    Arrays.fill(image, (byte) fill);
    apply(diffs, image);
    return image;
  }

  static void apply(DiffMerge diffs, byte[] image) throws IOException {
    while (diffs.next()) {
      int from = (int) Math.min(512 * diffs.offsetSectors(), image.length);
      int length = (int) Math.min(512L * diffs.sectors(), image.length - from);
      switch (diffs.kind()) {
        case NORMAL -> diffs.raw().get(0, image, from, length);
        case ALLZERO, DISCARD -> Arrays.fill(image, from, from + length, (byte) 0);
      }
    }
  }

  static byte[] written(Compression compression, Content content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SortedDiffWriter writer = writer(out, compression)) {
      content.writeTo(writer);
      writer.finish();
    }
    return out.toByteArray();
  }

  static SortedDiffWriter writer(ByteArrayOutputStream out, Compression compression)
      throws IOException {
    return new SortedDiffWriter(DiffOutput.to(Channels.newChannel(out)), UUID, compression);
  }

  static byte[] writtenIndexed(Compression compression, IndexedContent content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (IndexedDiffWriter writer =
        new IndexedDiffWriter(
            DiffOutput.to(Channels.newChannel(out)),
            new MemoryFile(new byte[0]),
            UUID,
            compression)) {
      content.writeTo(writer);
      writer.finish();
    }
    return out.toByteArray();
  }

  static DiffMerge indexed(byte[] wdiff) throws IOException {
    return new DiffMerge(List.of(new IndexedDiffReader("a wdiff", new MemoryFile(wdiff))));
  }

  /** What goes into a sorted wdiff. */
  interface Content {
    void writeTo(SortedDiffWriter out) throws IOException;
  }

  /** What goes into an indexed wdiff. */
  interface IndexedContent {
    void writeTo(IndexedDiffWriter out) throws IOException;
  }

  /** A builder that was given all of a wlog. */
  static DiffBuilder built(byte[] wlog) throws IOException {
    WlogReader reader =
        new WlogReader(
            Channels.newChannel(new ByteArrayInputStream(wlog)),
            Paddings.MAY_BE_EMPTY,
            WlogFault.Sink.refusing());
    DiffBuilder builder = new DiffBuilder();
    PackHeader pack = null;
    ByteBuffer data = null;
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      switch (next.get()) {
        case WlogItem.Pack(long _, PackHeader header) -> {
          if (pack != null) builder.add(pack, data.flip());
          pack = header;
          data = ByteBuffer.allocateDirect(header.dataBlocks() * header.blockBytes());
        }
        case WlogItem.Io io -> data.put(io.blocks());
        case WlogItem.Begin _, WlogItem.End _ -> {}
      }
    }
    if (pack != null) builder.add(pack, data.flip());
    return builder;
  }
}
