package io.backstay.log;

import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import io.backstay.wlog.SuperSector;
import io.backstay.wlog.WlogHeader;
import io.backstay.wlog.WlogWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Reads a stretch of the log from the ring, between two cuts, while clients go on writing.
 *
 * <pre>
 *   read up to 4 MiB of whole packs
 *   compare every header and the data of every write with their checksums
 *   ask for oldest again: what was read may have been overwritten meanwhile (rule L6)
 *   hand them on, in the log's order
 * </pre>
 *
 * <p>The question comes after the reading because oldest is moved before the first block below it
 * is overwritten: while oldest still is where the reading began, nothing of it was. A checksum that
 * does not fit is damage only then.
 *
 * <p>Holds 4 MiB. One extract at a time; make one for each that runs beside another.
 */
public final class LogExtract {
  private static final int BUFFER_BLOCKS = LogRing.PACK_BLOCKS_MAX;

  private final LogDevice log;
  private final Supplier<LogPosition> position;
  private final SuperSector session;
  private final PackReader reader;
  private final ByteBuffer buffer = BufferPool.aligned(BUFFER_BLOCKS * LogRing.BLOCK_BYTES);

  /** Gets packs that are whole and were kept until they had been read. */
  @FunctionalInterface
  public interface Sink {
    /**
     * @param data {@link PackHeader#dataBlocks()} blocks, valid during the call
     */
    void pack(PackHeader header, ByteBuffer data) throws IOException;
  }

  LogExtract(LogDevice log, Supplier<LogPosition> position) {
    this.log = log;
    this.position = position;
    this.session = log.stored();
    this.reader = new PackReader(LogRing.BLOCK_BYTES, session.salt(), PackReader.Paddings.FILLED);
  }

  /**
   * Hands on the packs of a stretch.
   *
   * @param beginLsid where a pack begins
   * @param endLsid where another begins or will; the log is durable up to there
   * @throws LogGivenUpException if it is not kept, or was given up while it was read; what was
   *     handed on before that is right, but not all
   * @throws MalformedLogException if what the log keeps is damaged
   */
  public void run(long beginLsid, long endLsid, Sink sink) throws IOException {
    LogPosition now = position.get();
    if (beginLsid < 0 || beginLsid >= endLsid || endLsid > now.durable()) {
      throw new IllegalArgumentException(
          "%s: lsids %d to %d are no stretch of a log that is durable up to %d"
              .formatted(log, beginLsid, endLsid, now.durable()));
    }
    requireKept(beginLsid, now);
    for (long lsid = beginLsid; lsid < endLsid; ) lsid = handOn(lsid, endLsid, sink);
  }

  /** Writes a stretch as one wlog of this log's session; as {@link #run} otherwise. */
  public void wlog(long beginLsid, long endLsid, WritableByteChannel out) throws IOException {
    WlogHeader header =
        new WlogHeader(
            LogRing.BLOCK_BYTES,
            session.salt(),
            session.uuid(),
            beginLsid,
            OptionalLong.of(endLsid));
    WlogWriter writer = WlogWriter.begin(out, header);
    run(
        beginLsid,
        endLsid,
        (pack, data) -> {
          writer.pack(pack);
          writer.data(data);
        });
    writer.end();
  }

  /**
   * @return where the next pack begins
   */
  private long handOn(long lsid, long endLsid, Sink sink) throws IOException {
    int blocks = (int) Math.min(BUFFER_BLOCKS, endLsid - lsid);
    log.read(lsid, buffer.clear().limit(blocks * LogRing.BLOCK_BYTES));
    List<PackHeader> packs;
    try {
      packs = wholePacks(lsid, lsid + blocks, endLsid);
    } catch (MalformedLogException e) {
      requireKept(lsid, position.get());
      throw e;
    }
    requireKept(lsid, position.get());
    for (PackHeader pack : packs) {
      sink.pack(pack, blocks(lsid, pack.lsid() + 1, pack.dataBlocks()));
    }
    return packs.getLast().nextLsid();
  }

  /** The packs that were read as a whole, at least one. */
  private List<PackHeader> wholePacks(long from, long read, long endLsid)
      throws MalformedLogException {
    List<PackHeader> packs = new ArrayList<>();
    for (long lsid = from; lsid < read; ) {
      PackHeader pack =
          switch (reader.read(blocks(from, lsid, 1), lsid)) {
            case PackReading.Pack(PackHeader header) -> header;
            case PackReading.End() -> throw damaged(lsid, "a header without records");
            case PackReading.Invalid(String found) -> throw damaged(lsid, found);
          };
      if (pack.nextLsid() > endLsid) {
        throw damaged(
            lsid, "a pack that reaches to %d, behind %d".formatted(pack.nextLsid(), endLsid));
      }
      if (pack.nextLsid() > read) break;
      compare(from, pack);
      packs.add(pack);
      lsid = pack.nextLsid();
    }
    if (packs.isEmpty()) {
      throw damaged(
          from, "a pack of more than %d blocks, this release writes none".formatted(BUFFER_BLOCKS));
    }
    return packs;
  }

  private void compare(long from, PackHeader pack) throws MalformedLogException {
    for (LogRecord record : pack.records()) {
      long lsid = pack.lsidOf(record);
      ByteBuffer data = blocks(from, lsid, record.dataBlocks(LogRing.BLOCK_BYTES));
      if (!record.matches(data.limit(record.dataBytes()), session.salt())) {
        throw damaged(
            lsid, "%s of the pack at lsid %d has other data".formatted(record, pack.lsid()));
      }
    }
  }

  /** A part of the buffer, which holds the log from {@code from} on. */
  private ByteBuffer blocks(long from, long lsid, int count) {
    return buffer.slice((int) (lsid - from) * LogRing.BLOCK_BYTES, count * LogRing.BLOCK_BYTES);
  }

  /** Rule L6. */
  private void requireKept(long lsid, LogPosition now) throws LogGivenUpException {
    boolean sameSession = log.stored().uuid().equals(session.uuid());
    if (lsid < now.oldest() || !sameSession)
      throw new LogGivenUpException(log.toString(), lsid, now.oldest());
  }

  private MalformedLogException damaged(long lsid, String found) {
    return new MalformedLogException(
        "%s, byte %d, lsid %d: %s".formatted(log, log.layout().physicalBytes(lsid), lsid, found));
  }
}
