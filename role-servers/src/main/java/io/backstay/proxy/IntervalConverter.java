package io.backstay.proxy;

import io.backstay.chain.Diff;
import io.backstay.chain.Snap;
import io.backstay.diff.DiffBuilder;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.seam.BufferPool;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Makes a diff of an interval of the log, in memory: every pack and every write is compared with
 * its checksum, later writes win, and what is left is sorted and compressed.
 */
final class IntervalConverter {
  private static final int ALIGNMENT = BufferPool.ALIGNMENT_BYTES;

  private final ProtectionRecord record;

  IntervalConverter(ProtectionRecord record) {
    this.record = record;
  }

  /**
   * @param diff as in the name of its file
   * @param content the wdiff, which lies in memory of the caller's
   */
  record Converted(DiffSidecar sidecar, Diff diff, ByteBuffer content) {}

  /**
   * @param into memory of {@link #memoryBytes}: the wdiff comes to lie at its begin
   * @throws MalformedLogException where the interval is not what its storage logged
   */
  Converted convert(Interval interval, ByteBuffer into) throws IOException {
    DiffBuilder builder = new DiffBuilder();
    PackReader packs =
        new PackReader(Interval.BLOCK_BYTES, interval.salt(), PackReader.Paddings.FILLED);
    ByteBuffer log = interval.lease().buffer();
    for (long lsid = interval.begin().lsid(); lsid < interval.end().lsid(); ) {
      PackHeader pack = pack(interval, packs, log, lsid);
      ByteBuffer data = blocks(interval, log, lsid + 1, pack.dataBlocks());
      for (LogRecord one : pack.records()) compare(interval, pack, one, data);
      builder.add(pack, data);
      lsid = pack.nextLsid();
    }
    Shipping shipping = record.shipping().orElse(Shipping.NONE);
    int room = into.capacity() - SortedDiffWriter.MEMORY_BYTES;
    MemoryOutput output = new MemoryOutput(into.slice(0, room));
    try (SortedDiffWriter writer =
        new SortedDiffWriter(
            output,
            interval.session().uuid(),
            shipping.compression(),
            into.slice(room, SortedDiffWriter.MEMORY_BYTES))) {
      builder.writeTo(writer);
      writer.finish();
      DiffSidecar sidecar = sidecar(interval, writer);
      return new Converted(sidecar, sidecar.diff(!interval.begin().explicit()), output.content());
    }
  }

  private DiffSidecar sidecar(Interval interval, SortedDiffWriter writer) {
    Snap from = Snap.clean(interval.begin().gid());
    Snap to = Snap.clean(interval.end().gid());
    return new DiffSidecar(
        record.volume(),
        interval.session(),
        from,
        to,
        interval.begin(),
        List.of(interval.end()),
        false,
        interval.end().volumeBytes().orElse(record.sizeBytes()),
        record.version(),
        record.archives(),
        writer.fileBytes(),
        writer.packs(),
        writer.checksums());
  }

  private static PackHeader pack(Interval interval, PackReader packs, ByteBuffer log, long lsid)
      throws MalformedLogException {
    PackReading reading = packs.read(blocks(interval, log, lsid, 1), lsid);
    if (!(reading instanceof PackReading.Pack(PackHeader pack)))
      throw damaged(interval, lsid, reading.toString());
    if (pack.nextLsid() > interval.end().lsid())
      throw damaged(interval, lsid, "a pack that reaches to " + pack.nextLsid());
    return pack;
  }

  private static void compare(Interval interval, PackHeader pack, LogRecord record, ByteBuffer data)
      throws MalformedLogException {
    int at = (record.lsidLocal() - 1) * Interval.BLOCK_BYTES;
    if (!record.matches(data.slice(at, record.dataBytes()), interval.salt()))
      throw damaged(interval, pack.lsidOf(record), record + " has other data");
  }

  private static ByteBuffer blocks(Interval interval, ByteBuffer log, long lsid, int count) {
    return log.slice(
        (int) (lsid - interval.begin().lsid()) * Interval.BLOCK_BYTES,
        count * Interval.BLOCK_BYTES);
  }

  private static MalformedLogException damaged(Interval interval, long lsid, String found) {
    return new MalformedLogException(
        "the log from %s to %s, lsid %d: %s"
            .formatted(interval.begin(), interval.end(), lsid, found));
  }

  /** What the conversion of an interval of at most that size takes. */
  static int memoryBytes(int intervalBytes) {
    // Each write takes a block of the log for its data at least, and 127 of them one more for their
    // pack's header. Discards of a few MiB take more of the wdiff than of the log.
    int wdiff = intervalBytes + intervalBytes / 8;
    return wdiff + (SortedDiffWriter.MEMORY_BYTES / ALIGNMENT + 1) * ALIGNMENT;
  }
}
