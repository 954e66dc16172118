package io.backstay.proxy;

import io.backstay.chain.Diff;
import io.backstay.chain.Snap;
import io.backstay.diff.DiffBuilder;
import io.backstay.diff.DiffDraft;
import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffWriter;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.model.Compression;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.seam.Time;
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
 * Makes a diff of an interval of the log: every pack and every write is compared with its checksum,
 * later writes win, and what is left is sorted, and compressed in several threads while it is
 * written.
 *
 * <p>Memory does not depend on what the interval holds. Its data stays where it was received. Its
 * writes are few, since each has a block of data at least; but 32 MiB of log may hold a million
 * discards, so what was built is put aside as a sorted run whenever it has {@link #STRETCHES_MAX},
 * and the runs are merged.
 */
final class IntervalConverter {
  /** Some 100 bytes each, on the heap. */
  static final int STRETCHES_MAX = 1 << 16;

  private final ProtectionRecord record;
  private final Spool spool;
  private final Time time;
  private final int stretchesMax;

  IntervalConverter(ProtectionRecord record, Spool spool, Time time) {
    this(record, spool, time, STRETCHES_MAX);
  }

  IntervalConverter(ProtectionRecord record, Spool spool, Time time, int stretchesMax) {
    this.record = record;
    this.spool = spool;
    this.time = time;
    this.stretchesMax = stretchesMax;
  }

  /**
   * @param diff as in the name of its file
   * @param draft its bytes, finished, not durable yet
   */
  record Converted(DiffSidecar sidecar, Diff diff, DiffDraft draft) implements AutoCloseable {
    /** Gives it up, unless it got its name. */
    @Override
    public void close() throws IOException {
      draft.close();
    }
  }

  /**
   * Nothing of the interval's log nor of the memory is used any more when this returns.
   *
   * @throws MalformedLogException where the interval is not what its storage logged
   */
  Converted convert(Interval interval, ConversionMemory memory) throws IOException {
    try (SortedRuns runs = new SortedRuns()) {
      DiffBuilder builder = new DiffBuilder();
      PackReader packs =
          new PackReader(Interval.BLOCK_BYTES, interval.salt(), PackReader.Paddings.FILLED);
      for (long lsid = interval.begin().lsid(); lsid < interval.end().lsid(); ) {
        PackHeader pack = pack(interval, packs, lsid);
        ByteBuffer data = blocks(interval, lsid + 1, pack.dataBlocks());
        for (LogRecord one : pack.records()) compare(interval, pack, one, data);
        builder.add(pack, data);
        if (builder.size() > stretchesMax) putAside(interval, memory, builder, runs);
        lsid = pack.nextLsid();
      }
      if (runs.isEmpty()) return write(interval, memory, builder::writeTo);
      putAside(interval, memory, builder, runs);
      try (DiffMerge merge = runs.merged()) {
        return write(interval, memory, merge::writeTo);
      }
    }
  }

  private void putAside(
      Interval interval, ConversionMemory memory, DiffBuilder builder, SortedRuns runs)
      throws IOException {
    runs.add(write(interval, memory, builder::writeTo));
    builder.clear();
  }

  /** What goes into a wdiff. */
  private interface Content {
    void writeTo(DiffWriter out) throws IOException;
  }

  private Converted write(Interval interval, ConversionMemory memory, Content content)
      throws IOException {
    DiffDraft draft = spool.draft(memory.gathered());
    boolean written = false;
    try (SortedDiffWriter writer =
        new SortedDiffWriter(
            draft, interval.session().uuid(), compression(), time, memory.packs())) {
      content.writeTo(writer);
      writer.finish();
      draft.finish();
      DiffSidecar sidecar = sidecar(interval, writer);
      written = true;
      return new Converted(sidecar, sidecar.diff(!interval.begin().explicit()), draft);
    } finally {
      if (!written) draft.close();
    }
  }

  private Compression compression() {
    return record.shipping().orElse(Shipping.NONE).compression();
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

  private static PackHeader pack(Interval interval, PackReader packs, long lsid)
      throws MalformedLogException {
    PackReading reading = packs.read(blocks(interval, lsid, 1), lsid);
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

  private static ByteBuffer blocks(Interval interval, long lsid, int count) {
    return interval
        .log()
        .slice(
            (int) (lsid - interval.begin().lsid()) * Interval.BLOCK_BYTES,
            count * Interval.BLOCK_BYTES);
  }

  private static MalformedLogException damaged(Interval interval, long lsid, String found) {
    return new MalformedLogException(
        "the log from %s to %s, lsid %d: %s"
            .formatted(interval.begin(), interval.end(), lsid, found));
  }
}
