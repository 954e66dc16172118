package io.backstay.wlog;

import java.nio.ByteBuffer;

/** What {@link WlogReader} comes across, in the order of the stream. */
public sealed interface WlogItem {
  /** Where it begins in the stream. */
  long offsetBytes();

  /** A wlog begins. */
  record Begin(long offsetBytes, WlogHeader header) implements WlogItem {}

  /** A pack's header; its records follow. */
  record Pack(long offsetBytes, PackHeader header) implements WlogItem {}

  /**
   * A record, its data compared with its checksum.
   *
   * @param offsetBytes where its data begins
   * @param blocks the record's blocks, of which the first {@link LogRecord#dataBytes()} bytes are
   *     the write's; empty for a discard; valid until the next item is asked for
   */
  record Io(long offsetBytes, PackHeader pack, LogRecord record, ByteBuffer blocks)
      implements WlogItem {}

  /**
   * A wlog ends.
   *
   * @param lsid behind its last pack
   */
  record End(long offsetBytes, long lsid, By by) implements WlogItem {}

  /** What ended a wlog. */
  enum By {
    END_BLOCK,
    END_OF_STREAM,
    NEXT_WLOG
  }
}
