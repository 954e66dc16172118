package io.backstay.log;

import io.backstay.wlog.WlogItem;
import io.backstay.wlog.WlogReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Optional;

/** Applies a stretch of a log, as a wlog, to an image. */
final class Replay {
  private Replay() {}

  static void apply(LogExtract extract, long from, long to, byte[] image) throws IOException {
    if (from == to) return;
    ByteArrayOutputStream wlog = new ByteArrayOutputStream();
    extract.wlog(from, to, Channels.newChannel(wlog));
    WlogReader reader =
        new WlogReader(Channels.newChannel(new ByteArrayInputStream(wlog.toByteArray())));
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
}
