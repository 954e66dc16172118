package io.backstay.wdiff;

import io.backstay.chain.Diff;
import io.backstay.chain.Snap;
import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.Names;
import io.backstay.model.Session;
import io.backstay.wire.Cbor;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * What walb's formats have no room for, in a file beside each wdiff (rule X3): {@code
 * SESSION-GIDS.side}, such as {@code 3-10-11.side}. Integers are little-endian.
 *
 * <pre>
 *  off  size  field
 *    0     8  magic "BKSTSIDE"
 *    8     4  format version, 1
 *   12     4  body bytes n, 1 .. 16777216
 *   16     4  CRC32C of bytes 0 .. 15 and the body
 *   20     n  body: this record as CBOR
 * </pre>
 *
 * <p>It is durable before the wdiff has its name. Whether the diff may be merged stands in the
 * wdiff's name and nowhere else.
 *
 * @param session of the log that the diff was made of (rule M2)
 * @param from what the diff leads from; clean, the gid of {@code begin}, where a log was its source
 * @param begin the cut at which it begins
 * @param cuts those behind {@code begin} up to its end, which is the last one, in order; a merge
 *     joins the lists
 * @param volumeBytes size of the volume at the diff's end (rule L9)
 * @param recordVersion version of the protection record that it was received under (rule M3)
 * @param archives that it was meant for by that record
 * @param fileBytes size of the wdiff
 * @param packs first address of each pack of the wdiff, in sectors: 8 bytes each
 * @param checksums CRC32C of each 64 KiB of the wdiff: 4 bytes each
 */
public record DiffSidecar(
    String volume,
    Session session,
    Snap from,
    Snap to,
    Cut begin,
    List<Cut> cuts,
    boolean compared,
    long volumeBytes,
    long recordVersion,
    List<String> archives,
    long fileBytes,
    Bytes packs,
    Bytes checksums) {
  public static final String SUFFIX = ".side";
  private static final int HEADER_BYTES = 20;
  private static final int BODY_BYTES_MAX = 16 << 20;
  private static final long MAGIC = 0x45444953_54534b42L;
  private static final int VERSION = 1;
  private static final Pattern NAME = Pattern.compile("(\\d{1,9})-(\\d+(?:-\\d+){1,3})\\.side");

  public DiffSidecar {
    Names.require("volume", volume);
    Objects.requireNonNull(session, "session");
    Objects.requireNonNull(packs, "packs");
    cuts = List.copyOf(cuts);
    archives = List.copyOf(archives);
    if (cuts.isEmpty())
      throw new IllegalArgumentException("a diff of %s without end".formatted(volume));
    if (fileBytes < 0 || checksums.size() != Integer.BYTES * blocks(fileBytes))
      throw new IllegalArgumentException(
          "%d bytes of checksums for a wdiff of %d".formatted(checksums.size(), fileBytes));
    requireOrder(begin, cuts);
  }

  private static void requireOrder(Cut begin, List<Cut> cuts) {
    Cut last = begin;
    for (Cut cut : cuts) {
      if (cut.session() < last.session() || cut.gid() <= last.gid() || cut.lsid() < last.lsid())
        throw new IllegalArgumentException("%s behind %s".formatted(cut, last));
      last = cut;
    }
  }

  private static long blocks(long fileBytes) {
    return (fileBytes + Payload.BLOCK_BYTES - 1) / Payload.BLOCK_BYTES;
  }

  /** The cut at which it ends. */
  public Cut end() {
    return cuts.getLast();
  }

  /**
   * The diff as it stands in its file's name.
   *
   * @param mergeable whether its begin may be forgotten
   */
  public Diff diff(boolean mergeable) {
    return new Diff(from, to, mergeable, compared, end().time());
  }

  /** Name of the sidecar's file; two diffs of a volume never have the same. */
  public String fileName() {
    return name(session.number(), diff(true));
  }

  /** Name of the sidecar of a diff of that session. */
  public static String name(int session, Diff diff) {
    return "%d-%s%s".formatted(session, diff.gids(), SUFFIX);
  }

  /** The gids in a sidecar's name as {@link Diff#gids} has them; empty where it is none. */
  public static Optional<String> gidsIn(String fileName) {
    Matcher name = NAME.matcher(fileName);
    return name.matches() ? Optional.of(name.group(2)) : Optional.empty();
  }

  /** CRC32C of block i of the wdiff. */
  public int checksum(int block) {
    return checksums.view().order(ByteOrder.LITTLE_ENDIAN).getInt(Integer.BYTES * block);
  }

  /** Whether that is the same diff: same session, gids and lsids (rule X2). */
  public boolean isSame(DiffSidecar other) {
    return session.number() == other.session.number()
        && session.uuid().equals(other.session.uuid())
        && from.equals(other.from)
        && to.equals(other.to)
        && begin.lsid() == other.begin.lsid()
        && end().lsid() == other.end().lsid();
  }

  public byte[] encode() {
    byte[] body = Cbor.write(this);
    if (body.length > BODY_BYTES_MAX)
      throw new IllegalArgumentException(
          "the sidecar of %s would have %d bytes, at most %d"
              .formatted(diff(true), body.length, BODY_BYTES_MAX));
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION).putInt(body.length);
    out.putInt(crc(out.slice(0, 16), ByteBuffer.wrap(body))).put(body);
    return out.array();
  }

  /**
   * @param name for the message
   * @throws IOException where that is no sidecar, or a damaged one
   */
  public static DiffSidecar decode(String name, byte[] bytes) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < HEADER_BYTES || in.getLong(0) != MAGIC)
      throw damaged(name, "it is no sidecar of a wdiff");
    if (in.getInt(8) != VERSION)
      throw damaged(
          name, "its format version is %d, this release reads %d".formatted(in.getInt(8), VERSION));
    int length = in.getInt(12);
    if (length != bytes.length - HEADER_BYTES)
      throw damaged(
          name,
          "its body has %d bytes, its header says %d"
              .formatted(bytes.length - HEADER_BYTES, length));
    if (in.getInt(16) != crc(in.slice(0, 16), in.slice(HEADER_BYTES, length)))
      throw damaged(name, "its checksum is wrong");
    byte[] body = new byte[length];
    in.get(HEADER_BYTES, body);
    try {
      return Cbor.read(body, DiffSidecar.class);
    } catch (MalformedFrameException e) {
      throw damaged(name, "its checksum is right, but " + e.getMessage());
    }
  }

  private static IOException damaged(String name, String found) {
    return new IOException("%s: %s".formatted(name, found));
  }

  private static int crc(ByteBuffer head, ByteBuffer body) {
    CRC32C crc = new CRC32C();
    crc.update(head);
    crc.update(body);
    return (int) crc.getValue();
  }
}
