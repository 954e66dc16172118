package io.backstay.history;

import io.backstay.chain.Snap;
import io.backstay.diff.DiffDraft;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.model.Compression;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.BufferPool;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wlog.SessionUuid;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * A volume that somebody writes to, and what a proxy makes of it: from each cut to the next one a
 * wdiff with its sidecar. It remembers what the volume was at each cut.
 */
public final class WrittenHistory {
  public static final Instant BEGIN = Instant.parse("2026-11-21T08:00:00Z");
  private static final int SECTOR = 512;
  private static final List<Compression.Type> FAST =
      List.of(
          Compression.Type.NONE,
          Compression.Type.SNAPPY,
          Compression.Type.LZ4,
          Compression.Type.ZSTD);

  private final RandomGenerator random;
  private final Session session;
  private byte[] now;
  private Kind[] changed;
  private long lsid = 1000;
  private Optional<Instant> firstWrite = Optional.empty();
  private Cut last;
  private final Map<Long, byte[]> images = new HashMap<>();
  private final Map<Long, Cut> cuts = new HashMap<>();

  /** A wdiff as a proxy sends it. */
  @SuppressWarnings("ArrayRecordComponent") // a test's
  public record Sent(DiffSidecar sidecar, byte[] wdiff) {}

  /** A volume of zeroes, with a cut. */
  public WrittenHistory(RandomGenerator random, int sectors, int sessionNumber, long firstGid) {
    this.random = random;
    this.session =
        new Session(sessionNumber, new SessionUuid(7, sessionNumber), Optional.of(firstGid), lsid);
    this.now = new byte[sectors * SECTOR];
    this.changed = new Kind[sectors];
    this.last = remember(firstGid, false, Optional.empty());
  }

  private Cut remember(long gid, boolean explicit, Optional<String> label) {
    Cut cut =
        new Cut(
            session.number(), lsid, gid, BEGIN.plusSeconds(5 * gid), firstWrite, explicit, label);
    images.put(gid, now.clone());
    cuts.put(gid, cut);
    firstWrite = Optional.empty();
    return cut;
  }

  public Session session() {
    return session;
  }

  public Cut last() {
    return last;
  }

  public Cut cut(long gid) {
    return cuts.get(gid);
  }

  public byte[] now() {
    return now.clone();
  }

  /** What the volume was at a cut. */
  public byte[] at(long gid) {
    return images.get(gid);
  }

  public void grow(int sectors) {
    now = Arrays.copyOf(now, sectors * SECTOR);
    changed = Arrays.copyOf(changed, sectors);
  }

  /** One write, of zeroes now and then, or one discard. */
  public void write() {
    int sectors = 1 + random.nextInt(random.nextInt(8) == 0 ? 3000 : 60);
    int at = random.nextInt(changed.length);
    sectors = Math.min(sectors, changed.length - at);
    Kind kind = Kind.values()[Math.max(0, random.nextInt(8) - 5)];
    write(at, sectors, kind);
  }

  public void write(int at, int sectors, Kind kind) {
    byte[] content = new byte[sectors * SECTOR];
    if (kind == Kind.NORMAL) random.nextBytes(content);
    // Half of it can be compressed.
    if (random.nextBoolean()) Arrays.fill(content, content.length / 2, content.length, (byte) 0);
    if (kind == Kind.NORMAL) content[content.length - 1] = 1;
    System.arraycopy(content, 0, now, at * SECTOR, content.length);
    Arrays.fill(changed, at, at + sectors, kind);
    lsid += 1 + sectors / 8;
    if (firstWrite.isEmpty()) firstWrite = Optional.of(last.time().plusMillis(1700));
  }

  public Sent cut() throws IOException {
    return cut(false, Optional.empty());
  }

  /** Everything since the last cut. */
  public Sent cut(boolean explicit, Optional<String> label) throws IOException {
    Cut begin = last;
    last = remember(begin.gid() + 1, explicit, label);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // The slow ones now and then.
    Compression.Type[] types =
        random.nextInt(20) == 0 ? Compression.Type.values() : FAST.toArray(Compression.Type[]::new);
    Compression compression = new Compression(types[random.nextInt(types.length)], 0);
    try (SortedDiffWriter writer =
        new SortedDiffWriter(
            buffer -> {
              byte[] more = new byte[buffer.remaining()];
              buffer.get(more);
              bytes.writeBytes(more);
            },
            session.uuid(),
            compression)) {
      writeChanges(writer);
      writer.finish();
      Arrays.fill(changed, null);
      return new Sent(sidecar(begin, writer), bytes.toByteArray());
    }
  }

  private void writeChanges(SortedDiffWriter writer) throws IOException {
    for (int at = 0; at < changed.length; ) {
      Kind kind = changed[at];
      int end = at + 1;
      while (end < changed.length && changed[end] == kind) end++;
      if (kind != null)
        writer.add(
            at, end - at, kind, ByteBuffer.wrap(now, at * SECTOR, (end - at) * SECTOR).slice());
      at = end;
    }
  }

  private DiffSidecar sidecar(Cut begin, SortedDiffWriter writer) {
    return new DiffSidecar(
        "vol0",
        session,
        Snap.clean(begin.gid()),
        Snap.clean(last.gid()),
        begin,
        List.of(last),
        false,
        now.length,
        1,
        List.of("a0"),
        writer.fileBytes(),
        writer.packs(),
        writer.checksums());
  }

  /** So many writes. */
  public void write(int writes) {
    for (int i = 0; i < writes; i++) write();
  }

  /** What an archive does with a diff that comes in. */
  public static KeptDiff store(DiffStore store, Sent sent) throws IOException {
    try (DiffDraft draft = store.draft(BufferPool.aligned(8192))) {
      draft.write(ByteBuffer.wrap(sent.wdiff()));
      return store.commit(draft, sent.sidecar(), !sent.sidecar().begin().explicit());
    }
  }

  /** All of what was sent, in order. */
  public List<Sent> cuts(int count, int writesEach) throws IOException {
    List<Sent> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      write(random.nextInt(writesEach + 1));
      all.add(cut(random.nextInt(5) == 0, Optional.empty()));
    }
    return all;
  }
}
