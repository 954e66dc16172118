package io.backstay.wlog;

import io.backstay.wlog.LogRecord.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Walks a log from one lsid to where it ends: what a storage does after a crash, and whoever looks
 * at a log device.
 *
 * <p>The log ends where no whole header of exactly the expected lsid stands, made with this log's
 * salt: an earlier lap left smaller lsids, an earlier session another salt. It also ends behind the
 * last record that is whole, where a record's data does not have its checksum: the records before
 * it in that pack count, those behind it do not, whole or not. So what is handed on is always a
 * prefix of what was written.
 *
 * <p>Nothing is written. Whether a torn pack is completed, cut or overwritten is the caller's
 * choice (rules L2 and L5).
 */
public final class RedoScan {
  /** Reads the log device. {@code BlockDevice::read} is one. */
  @FunctionalInterface
  public interface Ring {
    /**
     * Fills the buffer from its position to its limit; it is direct and aligned to 4096 bytes.
     *
     * @param offsetBytes on the log device
     */
    void read(long offsetBytes, ByteBuffer into) throws IOException;
  }

  /** Gets what is whole, in the log's order. */
  public interface Sink {
    /**
     * A write, padding or discard.
     *
     * @param pack its pack as it was written; what comes behind this record may be lost
     * @param blocks the record's blocks, of which the first {@link LogRecord#dataBytes()} bytes are
     *     the write's; empty for a discard; valid during the call
     */
    void record(PackHeader pack, LogRecord record, ByteBuffer blocks) throws IOException;

    /** All records of a pack were handed on. A torn pack is not told of here. */
    default void pack(PackHeader pack) throws IOException {}
  }

  /**
   * Where the log ends.
   *
   * @param lsid where the next pack belongs
   * @param packs whole packs that were walked
   * @param torn the pack that begins at or before the end and is not whole
   * @param found why it ends here: what stands where another pack could
   */
  public record End(long lsid, long packs, Optional<TornPack> torn, String found) {}

  /**
   * A pack whose header is whole and whose data is not.
   *
   * @param written the header as it was written
   * @param recordsKept how many of its first records are whole
   */
  public record TornPack(PackHeader written, int recordsKept) {
    /** The header of what is whole; nothing if the first record is lost already. */
    public Optional<PackHeader> kept() {
      return recordsKept == 0 ? Optional.empty() : Optional.of(written.withFirst(recordsKept));
    }
  }

  private final LogLayout layout;
  private final PackReader reader;
  private final RingWindow window;

  public RedoScan(LogLayout layout, PackReader reader, Ring ring) {
    if (layout.blockBytes() != reader.blockBytes()) {
      throw new IllegalArgumentException(
          "a log with blocks of %d bytes, a reader for %d"
              .formatted(layout.blockBytes(), reader.blockBytes()));
    }
    this.layout = layout;
    this.reader = reader;
    this.window = new RingWindow(layout, ring);
  }

  /** Walks to the end, which is at most one lap away. */
  public End run(long fromLsid, Sink sink) throws IOException {
    long lap = Math.min(layout.ringBlocks(), Long.MAX_VALUE - fromLsid);
    return run(fromLsid, fromLsid + lap, sink);
  }

  /**
   * Walks to the end, or to the first pack that reaches behind {@code limitLsid}.
   *
   * @param limitLsid at most one lap away
   */
  public End run(long fromLsid, long limitLsid, Sink sink) throws IOException {
    if (fromLsid < 0 || limitLsid < fromLsid || limitLsid - fromLsid > layout.ringBlocks()) {
      throw new IllegalArgumentException(
          "lsids %d to %d of a ring of %d blocks"
              .formatted(fromLsid, limitLsid, layout.ringBlocks()));
    }
    window.forget();
    long lsid = fromLsid;
    for (long packs = 0; ; packs++) {
      if (lsid == limitLsid) return new End(lsid, packs, Optional.empty(), "the limit of the walk");
      switch (reader.read(window.read(lsid, 1), lsid)) {
        case PackReading.Invalid(String found) -> {
          return new End(lsid, packs, Optional.empty(), found);
        }
        case PackReading.End() -> {
          return new End(lsid, packs, Optional.empty(), "a header without records");
        }
        case PackReading.Pack(PackHeader pack) -> {
          Optional<String> misplaced = misplaced(pack, limitLsid);
          if (misplaced.isPresent()) {
            return new End(lsid, packs, Optional.empty(), misplaced.get());
          }
          int kept = handOn(pack, sink);
          if (kept < pack.records().size()) return torn(pack, kept, packs);
          sink.pack(pack);
          lsid = pack.nextLsid();
        }
      }
    }
  }

  /** Hands on the records up to the first that is not whole, and says how many. */
  private int handOn(PackHeader pack, Sink sink) throws IOException {
    int kept = 0;
    for (LogRecord record : pack.records()) {
      int blocks = record.dataBlocks(layout.blockBytes());
      ByteBuffer content = window.read(pack.lsidOf(record), blocks);
      if (!record.matches(content.slice(0, record.dataBytes()), reader.salt())) break;
      sink.record(pack, record, content);
      kept++;
    }
    return kept;
  }

  private static End torn(PackHeader pack, int kept, long packs) {
    LogRecord lost = pack.records().get(kept);
    TornPack torn = new TornPack(pack, kept);
    return new End(
        torn.kept().map(PackHeader::nextLsid).orElse(pack.lsid()),
        packs,
        Optional.of(torn),
        "record %d of the pack at lsid %d, %d sectors for sector %d: its data at lsid %d does not have checksum %08x"
            .formatted(
                kept,
                pack.lsid(),
                lost.sizeSectors(),
                lost.offsetSectors(),
                pack.lsidOf(lost),
                lost.checksum()));
  }

  /** What no writer of this ring would have made. */
  private Optional<String> misplaced(PackHeader pack, long limitLsid) {
    if (pack.nextLsid() > limitLsid) {
      return Optional.of(
          "a pack that reaches to lsid %d, behind the limit of the walk at %d"
              .formatted(pack.nextLsid(), limitLsid));
    }
    for (LogRecord record : pack.records()) {
      int blocks = record.dataBlocks(layout.blockBytes());
      if (record.kind() != Kind.DISCARD && blocks > layout.blocksToRingEnd(pack.lsidOf(record))) {
        return Optional.of(
            "a pack with %d blocks at lsid %d that run past the ring's end"
                .formatted(blocks, pack.lsidOf(record)));
      }
    }
    return Optional.empty();
  }
}
