package io.backstay.wlog;

import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.WlogItem.By;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Reads a stream of one wlog or of several behind each other, and compares everything: headers,
 * lsids, and each write's data with its checksum. It holds one record at a time: 64 KiB, or as much
 * as the longest record needs, at most twice 32 MiB. Not for several threads.
 *
 * <p>A wlog ends with its end block, with the end of the stream where another pack could stand, or
 * with the header of the next one; where its header names the end lsid it ends there and nowhere
 * else. The next one must be of the same session and block size and begin where it ended.
 *
 * <p>The channel must be a blocking one.
 */
public final class WlogReader {
  /** Enough for most records; the longest takes 32 MiB. */
  private static final int FIRST_BUFFER_BYTES = 64 * 1024;

  private final ReadableByteChannel in;
  private final Paddings paddings;
  private final WlogFault.Sink faults;
  private final ByteBuffer first = ByteBuffer.allocate(WlogHeader.SIZE_BYTES);
  private ByteBuffer data = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES);
  private long offset;
  private long lsid;
  private WlogHeader header;
  private PackReader packs;
  private PackHeader pack;
  private Iterator<LogRecord> records = List.<LogRecord>of().iterator();
  private State state = State.FIRST;

  /** What may stand next in the stream. */
  private enum State {
    FIRST,
    PACK,
    /** {@link #first} holds the begin of the next wlog, which ended this one. */
    NEXT,
    AFTER_END_BLOCK,
    OVER
  }

  /** Refuses the first fault, and paddings of no length. */
  public WlogReader(ReadableByteChannel in) {
    this(in, Paddings.FILLED, WlogFault.Sink.refusing());
  }

  /**
   * @param faults told of each fault; returns to let the reader go on where it can
   */
  public WlogReader(ReadableByteChannel in, Paddings paddings, WlogFault.Sink faults) {
    this.in = in;
    this.paddings = paddings;
    this.faults = faults;
  }

  /**
   * The next item; nothing when the stream is over.
   *
   * @throws MalformedLogException if the stream does not begin with a wlog's header, whatever the
   *     sink of faults says
   */
  public Optional<WlogItem> next() throws IOException {
    if (records.hasNext()) return io(records.next());
    return switch (state) {
      case FIRST -> {
        fill(first.clear());
        yield Optional.of(begin(0, WlogHeader.read(first.flip())));
      }
      case PACK -> pack();
      case NEXT -> another();
      case AFTER_END_BLOCK -> fill(first.clear()) == 0 ? over() : another();
      case OVER -> Optional.empty();
    };
  }

  private WlogItem begin(long at, WlogHeader found) {
    header = found;
    packs = new PackReader(found.blockBytes(), found.salt(), paddings);
    lsid = found.beginLsid();
    state = State.PACK;
    return new WlogItem.Begin(at, found);
  }

  /** Reads on from the first bytes of what must be the next wlog of this log. */
  private Optional<WlogItem> another() throws IOException {
    long at = offset - first.position();
    fill(first);
    WlogHeader found;
    try {
      found = WlogHeader.read(first.flip());
    } catch (MalformedLogException e) {
      return fault(at, "behind the end of a wlog: " + e.getMessage());
    }
    boolean follows =
        found.uuid().equals(header.uuid())
            && found.beginLsid() == lsid
            && found.blockBytes() == header.blockBytes();
    if (!follows) {
      return fault(
          at,
          "the next wlog is of session %s, blocks of %d bytes, from lsid %d; expected %s, %d, %d"
              .formatted(
                  found.uuid(),
                  found.blockBytes(),
                  found.beginLsid(),
                  header.uuid(),
                  header.blockBytes(),
                  lsid));
    }
    return Optional.of(begin(at, found));
  }

  private Optional<WlogItem> pack() throws IOException {
    long at = offset;
    ByteBuffer block = first.clear().limit(header.blockBytes());
    int got = fill(block);
    if (got == 0) {
      state = State.OVER;
      return end(at, By.END_OF_STREAM);
    }
    if (got < header.blockBytes()) {
      return fault(
          at, "the stream ends %d bytes into a pack's header of %d".formatted(got, block.limit()));
    }
    if (WlogHeader.beginsAt(block)) {
      first.limit(WlogHeader.SIZE_BYTES);
      state = State.NEXT;
      return end(at, By.NEXT_WLOG);
    }
    return switch (packs.read(block.flip(), lsid)) {
      case PackReading.Invalid(String found) -> fault(at, found);
      case PackReading.End() -> {
        state = State.AFTER_END_BLOCK;
        yield end(at, By.END_BLOCK);
      }
      case PackReading.Pack(PackHeader found) -> {
        if (found.nextLsid() > header.endLsid().orElse(Long.MAX_VALUE)) {
          yield fault(
              at,
              "a pack that reaches to lsid %d, the wlog's header says it ends at %d"
                  .formatted(found.nextLsid(), header.endLsid().getAsLong()));
        }
        pack = found;
        records = found.records().iterator();
        yield Optional.of(new WlogItem.Pack(at, found));
      }
    };
  }

  private Optional<WlogItem> end(long at, By by) throws IOException {
    long reached = lsid;
    if (header.endLsid().isPresent() && header.endLsid().getAsLong() != reached) {
      return fault(
          at,
          "the wlog ends here, its header says it reaches to lsid " + header.endLsid().getAsLong());
    }
    return Optional.of(new WlogItem.End(at, reached, by));
  }

  private Optional<WlogItem> io(LogRecord record) throws IOException {
    long at = offset;
    long recordLsid = pack.lsidOf(record);
    int bytes = record.dataBlocks(header.blockBytes()) * header.blockBytes();
    if (bytes > data.capacity()) {
      data = ByteBuffer.allocateDirect(Math.max(bytes, 2 * data.capacity()));
    }
    int got = fill(data.clear().limit(bytes));
    if (got < bytes) {
      records = List.<LogRecord>of().iterator();
      lsid = recordLsid;
      return fault(
          at, "the stream ends %d bytes into %s of %d bytes".formatted(got, record, bytes));
    }
    ByteBuffer blocks = data.slice(0, bytes);
    if (!record.matches(blocks.slice(0, record.dataBytes()), header.salt())) {
      faults.found(
          new WlogFault(
              at,
              recordLsid,
              "%d sectors for sector %d have checksum %08x, their record says %08x"
                  .formatted(
                      record.sizeSectors(),
                      record.offsetSectors(),
                      WalbChecksum.of(blocks, 0, record.dataBytes(), header.salt()),
                      record.checksum())));
    }
    if (!records.hasNext()) lsid = pack.nextLsid();
    return Optional.of(new WlogItem.Io(at, pack, record, blocks));
  }

  private Optional<WlogItem> fault(long at, String found) throws MalformedLogException {
    faults.found(new WlogFault(at, lsid, found));
    return over();
  }

  private Optional<WlogItem> over() {
    state = State.OVER;
    return Optional.empty();
  }

  /** Reads until the buffer or the stream ends, and says how many bytes. */
  private int fill(ByteBuffer into) throws IOException {
    int from = into.position();
    while (into.hasRemaining() && in.read(into) >= 0) {}
    offset += into.position() - from;
    return into.position() - from;
  }
}
