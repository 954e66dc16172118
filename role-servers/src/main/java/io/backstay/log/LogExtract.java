package io.backstay.log;

import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import io.backstay.wlog.SessionUuid;
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
 * <p>One extract at a time; make one for each that runs beside another.
 */
public final class LogExtract {
  private static final int BUFFER_BLOCKS = LogRing.PACK_BLOCKS_MAX;

  private final LogDevice log;
  private final Supplier<LogPosition> position;
  private final SuperSector session;
  private final PackReader reader;

  /** Memory for a stretch: room for the largest pack. */
  public static final int STRETCH_BYTES = BUFFER_BLOCKS * LogRing.BLOCK_BYTES;

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

  /** Session of the log that is read; another one since then is a log that was given up. */
  public SessionUuid uuid() {
    return session.uuid();
  }

  /** Of the checksums in that session. */
  public int salt() {
    return session.salt();
  }

  /**
   * Hands on the packs of a stretch. Holds {@link #STRETCH_BYTES} meanwhile.
   *
   * @param beginLsid where a pack begins
   * @param endLsid where another begins or will; the log is durable up to there
   * @throws LogGivenUpException if it is not kept, or was given up while it was read; what was
   *     handed on before that is right, but not all
   * @throws MalformedLogException if what the log keeps is damaged
   */
  public void run(long beginLsid, long endLsid, Sink sink) throws IOException {
    requireStretch(beginLsid, endLsid);
    ByteBuffer buffer = BufferPool.aligned(STRETCH_BYTES);
    for (long lsid = beginLsid; lsid < endLsid; ) {
      List<PackHeader> packs = read(lsid, endLsid, buffer);
      for (PackHeader pack : packs)
        sink.pack(pack, blocks(buffer, lsid, pack.lsid() + 1, pack.dataBlocks()));
      lsid = packs.getLast().nextLsid();
    }
  }

  /**
   * Reads as many whole packs as fit, at least one; as {@link #run} otherwise.
   *
   * @param into cleared, and holds them from 0 to its limit when this returns; aligned, {@link
   *     #STRETCH_BYTES} or more
   * @return their headers; the last one's {@link PackHeader#nextLsid()} is where to go on
   */
  public List<PackHeader> read(long beginLsid, long endLsid, ByteBuffer into) throws IOException {
    requireStretch(beginLsid, endLsid);
    int blocks = (int) Math.min(BUFFER_BLOCKS, endLsid - beginLsid);
    log.read(beginLsid, into.clear().limit(blocks * LogRing.BLOCK_BYTES));
    List<PackHeader> packs;
    try {
      packs = wholePacks(into, beginLsid, beginLsid + blocks, endLsid);
    } catch (MalformedLogException e) {
      requireKept(beginLsid, position.get());
      throw e;
    }
    requireKept(beginLsid, position.get());
    long read = packs.getLast().nextLsid() - beginLsid;
    into.position(0).limit((int) read * LogRing.BLOCK_BYTES);
    return packs;
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

  private void requireStretch(long beginLsid, long endLsid) throws LogGivenUpException {
    LogPosition now = position.get();
    if (beginLsid < 0 || beginLsid >= endLsid || endLsid > now.durable()) {
      throw new IllegalArgumentException(
          "%s: lsids %d to %d are no stretch of a log that is durable up to %d"
              .formatted(log, beginLsid, endLsid, now.durable()));
    }
    requireKept(beginLsid, now);
  }

  /** The packs that were read as a whole, at least one. */
  private List<PackHeader> wholePacks(ByteBuffer buffer, long from, long read, long endLsid)
      throws MalformedLogException {
    List<PackHeader> packs = new ArrayList<>();
    for (long lsid = from; lsid < read; ) {
      PackHeader pack =
          switch (reader.read(blocks(buffer, from, lsid, 1), lsid)) {
            case PackReading.Pack(PackHeader header) -> header;
            case PackReading.End() -> throw damaged(lsid, "a header without records");
            case PackReading.Invalid(String found) -> throw damaged(lsid, found);
          };
      if (pack.nextLsid() > endLsid) {
        throw damaged(
            lsid, "a pack that reaches to %d, behind %d".formatted(pack.nextLsid(), endLsid));
      }
      if (pack.nextLsid() > read) break;
      compare(buffer, from, pack);
      packs.add(pack);
      lsid = pack.nextLsid();
    }
    if (packs.isEmpty()) {
      throw damaged(
          from, "a pack of more than %d blocks, this release writes none".formatted(BUFFER_BLOCKS));
    }
    return packs;
  }

  private void compare(ByteBuffer buffer, long from, PackHeader pack) throws MalformedLogException {
    for (LogRecord record : pack.records()) {
      long lsid = pack.lsidOf(record);
      ByteBuffer data = blocks(buffer, from, lsid, record.dataBlocks(LogRing.BLOCK_BYTES));
      if (!record.matches(data.limit(record.dataBytes()), session.salt())) {
        throw damaged(
            lsid, "%s of the pack at lsid %d has other data".formatted(record, pack.lsid()));
      }
    }
  }

  /** A part of the buffer, which holds the log from {@code from} on. */
  private static ByteBuffer blocks(ByteBuffer buffer, long from, long lsid, int count) {
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
