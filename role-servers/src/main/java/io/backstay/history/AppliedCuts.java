package io.backstay.history;

import io.backstay.model.Cut;
import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Cuts of diffs that are gone because a base image holds them (rule X3), so that a proxy which
 * comes late still hears that they are here, or that its own are others. File {@code cuts} beside
 * the diffs; integers are little-endian.
 *
 * <pre>
 *   off  size  entry, 24 bytes, one behind the other
 *     0     4  CRC32C of bytes 4 .. 23
 *     4     4  session
 *     8     8  gid
 *    16     8  lsid
 * </pre>
 *
 * <p>What is not a valid entry says nothing, wherever it stands: an interrupted write, or damage. A
 * cut that is not here is one of which nothing is known, and what is below the base image is not
 * needed any more either way; so the oldest may be dropped when the file has grown too large.
 *
 * <p>Not thread-safe.
 */
final class AppliedCuts {
  static final String NAME = "cuts";
  static final int ENTRY_BYTES = 24;

  /** At a cut every 5 s, without a pause: more than two weeks. */
  private static final int ENTRIES_MAX = 300_000;

  /** So many are written with one sync. */
  private static final int CUTS_AT_ONCE = 20_000;

  private final Directory directory;

  /** The file, once somebody asked for a cut that may be in it: seldom. */
  private Optional<ByteBuffer> content = Optional.empty();

  /** No cut behind that gid is in the file; -1 where there is none at all. */
  private OptionalLong greatestGid = OptionalLong.empty();

  AppliedCuts(Directory directory) {
    this.directory = directory;
  }

  /** The lsid of a cut; empty where nothing is known of it. */
  OptionalLong lsid(int session, long gid) throws IOException {
    if (greatestGid.isEmpty()) greatestGid = OptionalLong.of(greatestGid(load()));
    if (gid > greatestGid.getAsLong()) return OptionalLong.empty();
    if (content.isEmpty()) content = Optional.of(load());
    ByteBuffer in = content.get();
    for (int at = in.limit() - ENTRY_BYTES; at >= 0; at -= ENTRY_BYTES) {
      boolean found = in.getLong(at + 8) == gid && in.getInt(at + 4) == session;
      if (found && in.getInt(at) == checksum(in, at)) return OptionalLong.of(in.getLong(at + 16));
    }
    return OptionalLong.empty();
  }

  /** Empty where nothing is known of the diff (rule X2). */
  Optional<Sighting> compare(DiffSidecar offered) throws IOException {
    int session = offered.session().number();
    OptionalLong begin = lsid(session, offered.begin().gid());
    OptionalLong end = lsid(session, offered.end().gid());
    if (begin.orElse(offered.begin().lsid()) != offered.begin().lsid()
        || end.orElse(offered.end().lsid()) != offered.end().lsid())
      return Optional.of(
          new Sighting.Conflict("applied were lsids %s to %s".formatted(begin, end)));
    return begin.isPresent() && end.isPresent()
        ? Optional.of(new Sighting.Had("it was applied"))
        : Optional.empty();
  }

  private static long greatestGid(ByteBuffer in) {
    long greatest = -1;
    for (int at = 0; at < in.limit(); at += ENTRY_BYTES) {
      if (in.getInt(at) == checksum(in, at)) greatest = Math.max(greatest, in.getLong(at + 8));
    }
    return greatest;
  }

  /** Whole entries. */
  private ByteBuffer load() throws IOException {
    byte[] bytes = directory.has(NAME) ? directory.read(NAME) : new byte[0];
    return ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .limit(bytes.length - bytes.length % ENTRY_BYTES);
  }

  /** All cuts of diffs that are to go; durable when it returns. */
  void record(Collection<KeptDiff> diffs) throws IOException {
    List<Cut> cuts = new ArrayList<>();
    for (KeptDiff kept : diffs) {
      String name = kept.sidecarName();
      DiffSidecar sidecar = DiffSidecar.decode(name, directory.read(name));
      cuts.add(sidecar.begin());
      cuts.addAll(sidecar.cuts());
      if (cuts.size() < CUTS_AT_ONCE) continue;
      append(cuts);
      cuts.clear();
    }
    append(cuts);
  }

  private void append(List<Cut> all) throws IOException {
    if (all.isEmpty()) return;
    List<Cut> cuts = all.subList(Math.max(0, all.size() - ENTRIES_MAX), all.size());
    content = Optional.empty();
    greatestGid = OptionalLong.empty();
    shorten();
    boolean isNew = !directory.has(NAME);
    try (AppendFile file = directory.append(NAME)) {
      // Behind half an entry, which a crash left, all would be out of step.
      long torn = file.sizeBytes() % ENTRY_BYTES;
      if (torn > 0) file.truncate(file.sizeBytes() - torn);
      ByteBuffer out =
          ByteBuffer.allocate(cuts.size() * ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (Cut cut : cuts) {
        int at = out.position();
        out.putInt(0).putInt(cut.session()).putLong(cut.gid()).putLong(cut.lsid());
        out.putInt(at, checksum(out, at));
      }
      file.append(out.flip());
      file.sync();
    }
    if (isNew) directory.sync();
  }

  /** Drops the older half when there are too many. */
  private void shorten() throws IOException {
    if (!directory.has(NAME)) return;
    byte[] bytes = directory.read(NAME);
    int entries = bytes.length / ENTRY_BYTES;
    if (entries <= ENTRIES_MAX) return;
    byte[] newer = new byte[entries / 2 * ENTRY_BYTES];
    System.arraycopy(bytes, (entries - entries / 2) * ENTRY_BYTES, newer, 0, newer.length);
    directory.publish(NAME, newer);
  }

  private static int checksum(ByteBuffer bytes, int at) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.slice(at + 4, ENTRY_BYTES - 4));
    return (int) crc.getValue();
  }
}
