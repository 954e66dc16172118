package io.backstay.diff;

import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Several wdiffs as one: for each sector what the newest of them says, in order of the addresses.
 *
 * <p>It sweeps over the volume. At each place the newest wdiff that says something of it wins,
 * until its stretch ends or one newer begins. An older stretch is cut by that: what is left of it
 * before and behind keeps its kind, and the matching slice of its data. Stretches are not joined.
 * What a newer one covers whole is never unpacked, and its payload not looked at.
 *
 * <p>Memory: per input what its reader holds, and nothing else: a window of 128 KiB, and the record
 * unpacked if it was cut. It does not grow with the files. Whoever has more inputs than he wants to
 * hold open merges in groups. Not for several threads.
 */
public final class DiffMerge implements Closeable {
  private static final ByteBuffer NO_DATA = ByteBuffer.allocateDirect(0);

  private final List<Head> heads = new ArrayList<>();
  private final Codecs codecs = new Codecs();

  /** Those whose stretch begins behind the sweep. */
  private final PriorityQueue<Head> ahead =
      new PriorityQueue<>(Comparator.comparingLong((Head head) -> head.stretch.offsetSectors()));

  /** Those whose stretch began, newest first; some of them may have ended unnoticed. */
  private final PriorityQueue<Head> begun =
      new PriorityQueue<>(Comparator.comparingInt((Head head) -> head.age).reversed());

  private long sector;
  private Head winner;
  private Stretch current;

  /** An input, and the stretch at which it stands. */
  private static final class Head {
    final DiffSource source;
    final int age;
    Stretch stretch;

    Head(DiffSource source, int age) {
      this.source = source;
      this.age = age;
    }

    boolean advance() throws IOException {
      Optional<Stretch> next = source.next();
      next.ifPresent(found -> stretch = found);
      return next.isPresent();
    }
  }

  /**
   * @param oldestFirst in the order in which they are to be applied; closed with this, also where
   *     this fails
   */
  public DiffMerge(List<? extends DiffSource> oldestFirst) throws IOException {
    for (DiffSource source : oldestFirst) heads.add(new Head(source, heads.size()));
    try {
      for (Head head : heads) if (head.advance()) ahead.add(head);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Moves to the next stretch; false where there is none any more. The sweep then stands at its
   * end.
   */
  public boolean next() throws IOException {
    enter();
    if (begun.isEmpty()) {
      if (ahead.isEmpty()) return false;
      sector = ahead.peek().stretch.offsetSectors();
      enter();
    }
    winner = begun.peek();
    long end = winner.stretch.endSectors();
    while (!ahead.isEmpty() && ahead.peek().stretch.offsetSectors() < end) {
      Head beginning = ahead.poll();
      begun.add(beginning);
      if (beginning.age > winner.age) end = beginning.stretch.offsetSectors();
    }
    current = winner.stretch.between(sector, end);
    sector = end;
    return true;
  }

  /** Lets all that begin at the sweep or before begin, and drops from the top what has ended. */
  private void enter() throws IOException {
    while (!ahead.isEmpty() && ahead.peek().stretch.offsetSectors() <= sector)
      begun.add(ahead.poll());
    while (!begun.isEmpty() && begun.peek().stretch.endSectors() <= sector) {
      Head ended = begun.poll();
      if (!advanceBeyondSweep(ended)) continue;
      if (ended.stretch.offsetSectors() <= sector) begun.add(ended);
      else ahead.add(ended);
    }
  }

  private boolean advanceBeyondSweep(Head head) throws IOException {
    while (head.advance()) if (head.stretch.endSectors() > sector) return true;
    return false;
  }

  /** The stretch at which this stands. */
  public long offsetSectors() {
    return current.offsetSectors();
  }

  public int sectors() {
    return current.sectors();
  }

  public Kind kind() {
    return current.kind();
  }

  /** Its data, exactly its sectors; a direct buffer, valid until {@link #next()}. */
  public ByteBuffer raw() throws IOException {
    ByteBuffer whole = winner.source.raw(codecs);
    int from = (int) (current.offsetSectors() - winner.stretch.offsetSectors());
    return whole.slice(from * LogLayout.SECTOR_BYTES, current.sectors() * LogLayout.SECTOR_BYTES);
  }

  /** Of the newest input; that of a merge (the inputs are not none). */
  public SessionUuid uuid() {
    return heads.getLast().source.uuid();
  }

  /**
   * Writes all that is left. A payload that survives whole is passed on as it is stored where it
   * has the wanted compression. The writer is left to be finished by the caller.
   */
  public void writeTo(DiffWriter out) throws IOException {
    while (next()) writeCurrentTo(out);
  }

  /** Writes the stretch at which this stands, for callers who count what passes. */
  public void writeCurrentTo(DiffWriter out) throws IOException {
    if (kind() != Kind.NORMAL) {
      out.add(offsetSectors(), sectors(), kind(), NO_DATA);
    } else if (current.isWhole()
        && current.record().compression() == out.compression()
        && current.sectors() <= DiffRecord.WRITTEN_SECTORS_MAX) {
      out.addStored(current.record(), winner.source.stored());
    } else {
      out.add(offsetSectors(), sectors(), kind(), raw());
    }
  }

  @Override
  public void close() throws IOException {
    codecs.close();
    IOException failed = null;
    for (Head head : heads) {
      try {
        head.source.close();
      } catch (IOException e) {
        if (failed == null) failed = e;
      }
    }
    if (failed != null) throw failed;
  }
}
