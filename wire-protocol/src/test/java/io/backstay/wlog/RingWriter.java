package io.backstay.wlog;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Writes random packs into a ring in memory, lap over lap, and remembers them. */
final class RingWriter {
  /** One record of the log with its data, in the log's order. */
  record Written(long lsid, LogRecord record, String content) {}

  final LogLayout layout;
  final int salt;
  final byte[] device;
  final List<Written> records = new ArrayList<>();
  private final Random random;
  private long lsid;

  RingWriter(LogLayout layout, int salt, byte[] device, long lsid, Random random) {
    this.layout = layout;
    this.salt = salt;
    this.device = device;
    this.lsid = lsid;
    this.random = random;
  }

  long lsid() {
    return lsid;
  }

  PackHeader pack(int recordsMax) {
    PackBuilder pack = new PackBuilder(layout.blockBytes(), lsid);
    int count = 1 + random.nextInt(recordsMax);
    List<byte[]> contents = new ArrayList<>();
    while (contents.size() < count) {
      if (random.nextInt(5) == 0) {
        pack.addDiscard(random.nextInt(1000), 1 + random.nextInt(100_000));
        contents.add(new byte[0]);
        continue;
      }
      byte[] content = content();
      long padding =
          layout.paddingBlocks(
              pack.nextLsid(), LogLayout.blocksOf(content.length / 512, layout.blockBytes()));
      if (padding > 0) {
        if (pack.isPadded()) break;
        pack.addPadding(padding);
        contents.add(new byte[0]);
      }
      pack.addWrite(
          random.nextInt(1000),
          content.length / 512,
          WalbChecksum.of(ByteBuffer.wrap(content), salt));
      contents.add(content);
    }
    PackHeader header = pack.build();
    put(header, contents);
    return header;
  }

  private byte[] content() {
    byte[] content = new byte[512 * (1 + random.nextInt(20))];
    if (random.nextInt(4) > 0) random.nextBytes(content);
    return content;
  }

  private void put(PackHeader header, List<byte[]> contents) {
    header.write(ByteBuffer.wrap(device).position((int) layout.physicalBytes(header.lsid())), salt);
    for (int i = 0; i < contents.size(); i++) {
      LogRecord record = header.records().get(i);
      byte[] content = contents.get(i);
      int at = (int) layout.physicalBytes(header.lsidOf(record));
      System.arraycopy(content, 0, device, at, content.length);
      records.add(new Written(header.lsidOf(record), record, Samples.sha256(content)));
    }
    lsid = header.nextLsid();
  }
}
