package io.backstay.log;

import io.backstay.seam.SharedMemory;
import io.backstay.wlog.SessionUuid;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The layout of the tail (rule L2): a window of the log that lies in memory which outlives the
 * process. Integers are little-endian.
 *
 * <pre>
 *  off  size  header, one page
 *    0     8  magic "BKSTAIL1"
 *    8     4  format version, 1
 *   12     4  blocks W of the window
 *   16    16  uuid of the log
 *   32     8  lsid at which this tail began, that of a pack
 *   40     8  blocks of the ring
 *   48     4  CRC32C of bytes 0 .. 47
 *   64     8  applied: number of the first entry that is not yet durable in the log and applied to
 *             the data device; those before it are free to be overwritten
 *  128     8  durable: number of the first entry that is not yet durable in the log
 *  192     8  1: the log is in doubt, see {@link Doubt}
 *  256     8  1: the data device is in doubt
 *
 *  off  size  W entries of 64 bytes from 4096 on; entry n stands at n mod W
 *    0     8  commit word n + 1, written last: until it stands there the entry does not exist
 *    8     8  offset on the volume, bytes
 *   16     8  length, bytes
 *   24     8  lsid
 *   32     8  lsid of the pack
 *   40     4  kind: 1 write, 2 discard, 3 padding
 *   44     4  CRC32C of the data
 *   48     4  CRC32C of the number and bytes 8 .. 47
 *   52    12  zero
 *
 *  off  size  W blocks of 4096 bytes behind the entries; block lsid stands at lsid mod W
 * </pre>
 *
 * <p>The blocks are those of the log byte for byte, headers included, so the log is written from
 * here without a copy. What a process that died had begun to write can be written again, and comes
 * out the same: a pack's header follows from its entries, and nobody adds an entry to the pack of a
 * dead process.
 */
final class TailMemory {
  static final int BLOCK_BYTES = LogRing.BLOCK_BYTES;
  private static final long MAGIC = 0x314c494154534b42L;
  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 4096;
  private static final int HEADER_CHECKED_BYTES = 48;
  private static final int APPLIED = 64;
  private static final int DURABLE = 128;
  private static final int LOG_DOUBT = 192;
  private static final int DATA_DOUBT = 256;
  private static final int ENTRY_BYTES = 64;
  private static final int ENTRY_CHECKED_BYTES = 48;

  /**
   * A device of which a flush began and did not succeed, in a process that failed or died in it:
   * the next flush may succeed although what this one covered is lost. Noted before each flush,
   * since nobody is told of a failure that the dying process had seen.
   */
  enum Doubt {
    /** What is not known to be durable is written again and compared (rule L3). */
    LOG(LOG_DOUBT),
    /** The log is applied again from the stored written (rule L4). */
    DATA(DATA_DOUBT);

    private final int at;

    Doubt(int at) {
      this.at = at;
    }
  }

  /**
   * What the next process finds.
   *
   * @param entries what is not known to be durable and applied, in order
   * @param next number of the next entry
   * @param endLsid where the log goes on
   */
  record Found(List<Entry> entries, long durable, long next, long endLsid, Set<Doubt> doubts) {}

  private final SharedMemory memory;
  private final int blocks;
  private final int dataAt;
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer scratch =
      ByteBuffer.allocateDirect(ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private TailMemory(SharedMemory memory, int blocks) {
    this.memory = memory;
    this.blocks = blocks;
    this.dataAt = HEADER_BYTES + roundUp(blocks * ENTRY_BYTES);
  }

  private static int roundUp(int bytes) {
    return (bytes + BLOCK_BYTES - 1) & -BLOCK_BYTES;
  }

  /** Bytes of memory for a window of so many blocks. */
  static int sizeBytes(int blocks) {
    return Math.addExact(
        HEADER_BYTES + roundUp(blocks * ENTRY_BYTES), Math.multiplyExact(blocks, BLOCK_BYTES));
  }

  /**
   * Makes an empty tail in memory that is all zero.
   *
   * @param lsid where the log goes on
   */
  static TailMemory create(
      SharedMemory memory, int blocks, SessionUuid log, long lsid, long ringBlocks) {
    if (memory.sizeBytes() != sizeBytes(blocks)) {
      throw new IllegalArgumentException(
          "%s has %d bytes, a tail of %d blocks takes %d"
              .formatted(memory, memory.sizeBytes(), blocks, sizeBytes(blocks)));
    }
    TailMemory made = new TailMemory(memory, blocks);
    made.putHeader(log, lsid, ringBlocks);
    return made;
  }

  private void putHeader(SessionUuid log, long lsid, long ringBlocks) {
    ByteBuffer header =
        ByteBuffer.allocate(HEADER_CHECKED_BYTES + 4).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(MAGIC).putInt(VERSION).putInt(blocks);
    header.putLong(log.high()).putLong(log.low());
    header.putLong(lsid).putLong(ringBlocks);
    header.putInt(checksum(header.slice(0, HEADER_CHECKED_BYTES)));
    memory.put(0, header.flip());
  }

  /** It is empty, and belongs to that session of the log from now on; not atomic. */
  void renew(SessionUuid log) {
    ByteBuffer header = memory.slice(0, HEADER_CHECKED_BYTES);
    putHeader(log, header.getLong(32), header.getLong(40));
  }

  /**
   * Opens the tail of an earlier process.
   *
   * @throws TailDamagedException where it is not the tail of this log
   */
  static TailMemory open(SharedMemory memory, SessionUuid log, long ringBlocks)
      throws TailDamagedException {
    if (memory.sizeBytes() < HEADER_BYTES)
      throw new TailDamagedException(memory, "it is too short");
    ByteBuffer header = memory.slice(0, HEADER_CHECKED_BYTES + 4);
    int blocks = header.getInt(12);
    if (header.getLong(0) != MAGIC || header.getInt(8) != VERSION)
      throw new TailDamagedException(memory, "it does not begin like a tail of this release");
    if (header.getInt(HEADER_CHECKED_BYTES) != checksum(header.slice(0, HEADER_CHECKED_BYTES)))
      throw new TailDamagedException(memory, "the checksum of its header is wrong");
    SessionUuid found = new SessionUuid(header.getLong(16), header.getLong(24));
    if (!found.equals(log))
      throw new TailDamagedException(memory, "it belongs to log " + found + ", not to " + log);
    if (header.getLong(40) != ringBlocks || memory.sizeBytes() != sizeBytes(blocks))
      throw new TailDamagedException(memory, "it was made for another ring or size");
    return new TailMemory(memory, blocks);
  }

  int blocks() {
    return blocks;
  }

  // ---- writing, in the order in which it must be

  /**
   * Copies a record's data to its blocks; what is left of the last block becomes zero.
   *
   * @return CRC32C of the data
   */
  int copyIn(long lsid, List<ByteBuffer> data, int lengthBytes) {
    long at = lsid * BLOCK_BYTES;
    for (ByteBuffer part : data) at = copyIn(at, part);
    int rest = (int) (-at & BLOCK_BYTES - 1);
    if (rest > 0) copyIn(at, ByteBuffer.allocate(rest));
    return checksumOf(lsid, lengthBytes);
  }

  private long copyIn(long at, ByteBuffer part) {
    int position = position(at);
    int length = Math.min(part.remaining(), dataAt + blocks * BLOCK_BYTES - position);
    memory.put(position, part.slice(part.position(), length));
    if (length < part.remaining()) {
      memory.put(dataAt, part.slice(part.position() + length, part.remaining() - length));
    }
    return at + part.remaining();
  }

  /** Makes the entry exist. */
  void commit(Entry entry, int dataChecksum) {
    scratch.clear().putLong(entry.number());
    scratch.putLong(entry.offset()).putLong(entry.lengthBytes());
    scratch.putLong(entry.lsid()).putLong(entry.pack());
    scratch.putInt(code(entry.kind())).putInt(dataChecksum);
    scratch.putInt(checksum(scratch.slice(0, ENTRY_CHECKED_BYTES))).flip().position(8);
    int at = entryAt(entry.number());
    memory.put(at + 8, scratch);
    memory.set(at, entry.number() + 1);
  }

  void durable(long number) {
    memory.set(DURABLE, number);
  }

  void applied(long number) {
    memory.set(APPLIED, number);
  }

  /** A flush begins. */
  void doubt(Doubt doubt) {
    memory.set(doubt.at, 1);
  }

  /** The flush succeeded, and everything that an earlier one may have lost was written again. */
  void settle(Doubt doubt) {
    memory.set(doubt.at, 0);
  }

  // ---- the blocks

  /** The bytes of a block, to be written to by {@link #putBlock}. */
  ByteBuffer block(long lsid) {
    return memory.slice(position(lsid * BLOCK_BYTES), BLOCK_BYTES);
  }

  void putBlock(long lsid, ByteBuffer block) {
    memory.put(position(lsid * BLOCK_BYTES), block);
  }

  /** Bytes of a record, from so far into it; in two parts where the window wraps. */
  void bytes(long lsid, long from, int lengthBytes, Parts into) {
    int position = position(lsid * BLOCK_BYTES + from);
    int first = Math.min(lengthBytes, dataAt + blocks * BLOCK_BYTES - position);
    into.add(0, memory.slice(position, first));
    if (first < lengthBytes) into.add(first, memory.slice(dataAt, lengthBytes - first));
  }

  /** Takes parts of something, each with its distance from the begin. */
  interface Parts {
    void add(int from, ByteBuffer part);
  }

  /** Blocks from this lsid on that lie side by side in memory. */
  int contiguousBlocks(long lsid) {
    return (int) (blocks - lsid % blocks);
  }

  ByteBuffer blocks(long lsid, int count) {
    return memory.slice(position(lsid * BLOCK_BYTES), count * BLOCK_BYTES);
  }

  // ---- reading what a dead process left

  /**
   * What was committed.
   *
   * @throws TailDamagedException where an entry that was committed is not what it was: then what
   *     was acknowledged is lost
   */
  Found found() throws TailDamagedException {
    long applied = memory.get(APPLIED);
    List<Entry> entries = new ArrayList<>();
    long number = applied;
    while (number - applied < blocks && isCommitted(number)) entries.add(checked(number++));
    long end = memory.slice(32, 8).getLong(0);
    if (number > 0) end = checked(number - 1).endLsid();
    EnumSet<Doubt> doubts = EnumSet.noneOf(Doubt.class);
    for (Doubt doubt : Doubt.values()) {
      if (memory.get(doubt.at) != 0) doubts.add(doubt);
    }
    return new Found(entries, memory.get(DURABLE), number, end, doubts);
  }

  private boolean isCommitted(long number) {
    return memory.get(entryAt(number)) == number + 1;
  }

  private Entry checked(long number) throws TailDamagedException {
    ByteBuffer slot = ByteBuffer.allocate(ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    slot.put(memory.slice(entryAt(number), ENTRY_BYTES)).flip().putLong(0, number);
    if (!isCommitted(number)
        || slot.getInt(ENTRY_CHECKED_BYTES) != checksum(slot.slice(0, ENTRY_CHECKED_BYTES))) {
      throw new TailDamagedException(memory, "the checksum of entry %d is wrong".formatted(number));
    }
    return new Entry(
        number,
        kind(slot.getInt(40)),
        slot.getLong(8),
        slot.getLong(16),
        slot.getLong(24),
        slot.getLong(32));
  }

  /** Compares the data of an entry with its checksum. */
  void checkData(Entry entry) throws TailDamagedException {
    if (entry.kind() != Entry.Kind.WRITE) return;
    int stored = memory.slice(entryAt(entry.number()) + 44, 4).getInt(0);
    if (checksumOf(entry.lsid(), (int) entry.lengthBytes()) != stored) {
      throw new TailDamagedException(
          memory, "the data of entry %d have another checksum".formatted(entry.number()));
    }
  }

  // ---- places and checksums

  private int position(long byteOfLog) {
    return dataAt + (int) (byteOfLog % ((long) blocks * BLOCK_BYTES));
  }

  private int entryAt(long number) {
    return HEADER_BYTES + (int) (number % blocks) * ENTRY_BYTES;
  }

  private int checksumOf(long lsid, int lengthBytes) {
    crc.reset();
    bytes(lsid, 0, lengthBytes, (from, part) -> crc.update(part));
    return (int) crc.getValue();
  }

  private static int checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static int code(Entry.Kind kind) {
    return switch (kind) {
      case WRITE -> 1;
      case DISCARD -> 2;
      case PADDING -> 3;
    };
  }

  private Entry.Kind kind(int code) throws TailDamagedException {
    return switch (code) {
      case 1 -> Entry.Kind.WRITE;
      case 2 -> Entry.Kind.DISCARD;
      case 3 -> Entry.Kind.PADDING;
      default -> throw new TailDamagedException(memory, "no entry is of kind " + code);
    };
  }
}
