package io.backstay.sim.log;

import io.backstay.sim.Violation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What was asked of a volume, and so what each of its sectors may hold.
 *
 * <p><b>Bytes.</b> Each sector that is written gets bytes that name the change and the sector, so
 * what is found says where it is from; zeroes are from any discard.
 *
 * <p><b>Moments.</b> The log is one row: what a volume holds after a crash is what it held at one
 * moment, counted in sectors that were changed. Each sector that is looked at says in which
 * stretches of moments it looked like that; there must be a moment that fits all of them, and it
 * must not lie before what was promised (invariants 1 and 2).
 */
public final class VolumeHistory {
  public static final int SECTOR_BYTES = 512;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** A stretch of moments, both ends included. */
  public record Stretch(long first, long last) {}

  /** A read that was asked for: what was acknowledged by then must be seen. */
  record Reading(int from, int to, int[] seen) {}

  private final long[] base;
  private final LongSupplier clock;
  private final Set<Integer> sizesAsked = new HashSet<>();
  private final Lives lives = new Lives();
  private final List<List<Change>> since = new ArrayList<>();
  private final BitSet touched = new BitSet();
  private final List<Change> all = new ArrayList<>();
  private int sectors;
  private long numbers;
  private long begin;
  private long now;
  private long acknowledged;
  private long durable;

  public VolumeHistory(int sectors, LongSupplier clock) {
    this(sectors, sectors, clock);
  }

  /** Of a volume that may grow. */
  VolumeHistory(int sectors, int sectorsMax, LongSupplier clock) {
    this.base = new long[sectorsMax];
    this.sectors = sectors;
    this.clock = clock;
    for (int i = 0; i < sectorsMax; i++) since.add(new ArrayList<>(0));
  }

  /** As many as it has now. */
  public int sectors() {
    return sectors;
  }

  /** An image has so many, those that the volume does not have yet are zeroes. */
  int sectorsMax() {
    return base.length;
  }

  // ---- its size (rule L9)

  /** From now on it may have that size. */
  void sizeAsked(long bytes) {
    sizesAsked.add((int) (bytes / SECTOR_BYTES));
  }

  /** Somebody sees that size: it stays, whatever comes. */
  void sizeFound(long bytes) {
    int found = (int) (bytes / SECTOR_BYTES);
    if (found < sectors || found > sectors && !sizesAsked.contains(found))
      throw new Violation(
          "L9",
          "%d sectors, there were %d, asked for were %s".formatted(found, sectors, sizesAsked));
    sectors = found;
  }

  // ---- what is asked and answered

  Change write(int from, int to) {
    return add(new Change(++numbers, from, to, false, now, clock.getAsLong()));
  }

  Change discard(int from, int to) {
    return add(new Change(++numbers, from, to, true, now, clock.getAsLong()));
  }

  private Change add(Change change) {
    for (int s = change.from; s < change.to; s++) since.get(s).add(change);
    touched.set(change.from, change.to);
    all.add(change);
    now = change.end();
    return change;
  }

  /** The bytes of a write. */
  static void fill(Change change, ByteBuffer into) {
    for (int s = change.from; s < change.to; s++) fill(change.number, s, into);
  }

  /** The bytes of a sector of the write of that number. */
  public static void fill(long number, int sector, ByteBuffer into) {
    into.putLong(number);
    for (int i = 1; i < SECTOR_BYTES / Long.BYTES; i++) into.putLong(word(number, sector, i));
  }

  private static long word(long number, int sector, int index) {
    long mixed = (number * 0x2545f4914f6cdd1dL ^ sector) + index * GOLDEN;
    return (mixed ^ mixed >>> 29) * GOLDEN;
  }

  void acknowledged(Change change, boolean durably) {
    change.acknowledged = true;
    change.acknowledgedNanos = clock.getAsLong();
    acknowledged = Math.max(acknowledged, change.end());
    if (durably) durable = Math.max(durable, change.end());
  }

  /** The moment when everything is done that was asked for. */
  public long asked() {
    return now;
  }

  /** To be handed to {@link #flushed} when the flush that is asked for now is answered. */
  public long flushing() {
    return acknowledged;
  }

  public void flushed(long flushing) {
    durable = Math.max(durable, flushing);
  }

  // ---- what is read while the volume is served

  Reading reading(int from, int to) {
    int[] seen = new int[to - from];
    for (int s = from; s < to; s++) seen[s - from] = newestAcknowledged(s);
    return new Reading(from, to, seen);
  }

  /** Index of a sector's newest change that was acknowledged, -1 for none. */
  private int newestAcknowledged(int sector) {
    List<Change> changes = since.get(sector);
    int i = changes.size() - 1;
    while (i >= 0 && !changes.get(i).acknowledged) i--;
    return i;
  }

  void read(Reading reading, ByteBuffer bytes) {
    for (int s = reading.from; s < reading.to; s++) {
      long found = numberIn(bytes, s - reading.from, s);
      if (!mayBeSeen(s, reading.seen[s - reading.from], found))
        throw new Violation(
            "1",
            "a read of sector %d has %s, asked for were %s, acknowledged up to number %d of these"
                .formatted(s, told(found), since.get(s), reading.seen[s - reading.from] + 1));
    }
  }

  private boolean mayBeSeen(int sector, int acknowledgedIndex, long found) {
    List<Change> changes = since.get(sector);
    for (int i = Math.max(0, acknowledgedIndex); i < changes.size(); i++) {
      if (changes.get(i).found() == found) return true;
    }
    return acknowledgedIndex < 0 && base[sector] == found;
  }

  /** The export says that these sectors read as zeroes. */
  void zero(int from, int to) {
    for (int s = from; s < to; s++) {
      if (!mayBeSeen(s, newestAcknowledged(s), 0))
        throw new Violation("1", "sector %d is called zero, it has %s".formatted(s, since.get(s)));
    }
  }

  /**
   * A record of the log: bytes that were written, in the order in which that was asked for.
   *
   * @param after moment of the record before
   * @return moment of this record
   */
  long logged(long after, int from, ByteBuffer bytes) {
    long moment = after;
    for (int i = 0; i < bytes.remaining() / SECTOR_BYTES; i++) {
      long found = numberIn(bytes, i, from + i);
      if (found == 0) continue;
      Change change = all.get((int) found - 1);
      if (change.at(from + i) <= moment || change.lost)
        throw new Violation(
            "2",
            "the log has %s, sector %d, behind moment %d; lost: %s"
                .formatted(change, from + i, moment, change.lost));
      moment = change.at(from + i);
    }
    return moment;
  }

  // ---- what the log has, record by record

  /** The log may go on at these moments when it has everything up to that one. */
  Set<Long> continuations(long moment) {
    return lives.continuations(moment);
  }

  /**
   * The moment behind a record of the log, if it is the one that follows that moment.
   *
   * @param bytes empty for a discard
   */
  OptionalLong after(long moment, int from, int to, Optional<ByteBuffer> bytes) {
    Optional<Change> next = changeAt(moment);
    if (next.isEmpty()) return OptionalLong.empty();
    Change change = next.get();
    boolean here = from == change.from + moment - change.before && to <= change.to;
    if (!here || bytes.isEmpty() && !change.zero) return OptionalLong.empty();
    for (int s = from; bytes.isPresent() && s < to; s++) {
      if (numberIn(bytes.get(), s - from, s) != change.found()) return OptionalLong.empty();
    }
    return OptionalLong.of(moment + to - from);
  }

  /** The change that goes on at that moment. */
  private Optional<Change> changeAt(long moment) {
    int index = indexAt(moment);
    return index < all.size() ? Optional.of(all.get(index)) : Optional.empty();
  }

  private int indexAt(long moment) {
    int low = 0;
    int high = all.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (all.get(middle).end() <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the volume held at a moment. */
  long[] imageAt(long moment) {
    Optional<Lives.Life> past = lives.at(moment);
    long from = past.map(Lives.Life::begin).orElse(begin);
    long[] image = past.map(Lives.Life::base).orElse(base).clone();
    Optional<Change> first = changeAt(from);
    if (first.isEmpty()) return image;
    for (int i = all.indexOf(first.get()); i < all.size() && all.get(i).before < moment; i++) {
      Change change = all.get(i);
      long end = Math.min(change.to, change.from + moment - change.before);
      Arrays.fill(image, change.from, (int) end, change.found());
    }
    return image;
  }

  /**
   * When the volume was that, of the moments from one to another; what was lost by a crash never
   * was.
   */
  public List<Stretch> momentsOf(long[] image, long first, long last) {
    Search search = new Search(image, first, last);
    for (Lives.Life life : lives.between(first, last))
      search.through(life, all.listIterator(indexAt(life.begin())));
    if (begin <= last)
      search.through(
          new Lives.Life(begin, base, begin, now, now), all.listIterator(indexAt(begin)));
    return search.found();
  }

  /** What distinguishes that from the volume at a moment, for people. */
  public String differences(long[] image, long moment) {
    long[] was = imageAt(moment);
    List<String> some = new ArrayList<>();
    for (int s = 0; s < was.length && some.size() < 6; s++)
      if (was[s] != image[s]) some.add("%d: %s, was %s".formatted(s, told(image[s]), told(was[s])));
    return "differences to moment %d in sectors %s".formatted(moment, some);
  }

  /** Whether what is below that moment came before that time, and what is above it later. */
  public boolean fits(long moment, long nanos) {
    Optional<Change> next = changeAt(moment);
    if (next.isPresent() && next.get().acknowledgedNanos < nanos) return false;
    Optional<Change> last = moment == 0 ? Optional.empty() : changeAt(moment - 1);
    return last.isEmpty() || last.get().askedNanos <= nanos;
  }

  // ---- what is there after a crash

  /** After the death of a process: everything that was acknowledged is there. */
  public void foundAfterDeath(ByteBuffer volume) {
    collapse(volume, Math.max(acknowledged, durable), "acknowledged");
  }

  /** After a loss of power: everything that was flushed is there. */
  public void foundAfterPowerLoss(ByteBuffer volume) {
    collapse(volume, durable, "flushed");
  }

  private void collapse(ByteBuffer volume, long floor, String promise) {
    long[] found = new long[base.length];
    List<Stretch> possible = List.of(new Stretch(Math.max(floor, begin), now));
    for (int s = 0; s < sectors; s++) {
      found[s] = numberIn(volume, s, s);
      if (!touched.get(s)) {
        if (found[s] != base[s])
          throw new Violation(
              "2", "sector %d has %s, it had %s".formatted(s, told(found[s]), told(base[s])));
        continue;
      }
      List<Stretch> here = stretches(s, found[s]);
      if (intersection(here, List.of(new Stretch(Math.max(floor, begin), now))).isEmpty())
        throw new Violation(
            here.isEmpty() ? "2" : "1",
            "sector %d has %s after %s; asked for were %s; %s are those that end by moment %d"
                .formatted(s, told(found[s]), told(base[s]), moments(s), promise, floor));
      possible = intersection(possible, here);
      if (possible.isEmpty())
        throw new Violation(
            "2",
            "the volume is not what it was at any one moment: sector %d has %s, asked for were %s"
                .formatted(s, told(found[s]), moments(s)));
    }
    long latest = possible.getLast().last;
    for (int i = all.size() - 1; i >= 0 && all.get(i).before >= latest; i--) all.get(i).lost = true;
    lives.ended(begin, base.clone(), Math.max(floor, begin), latest, now);
    System.arraycopy(found, 0, base, 0, found.length);
    touched.stream().forEach(s -> since.get(s).clear());
    touched.clear();
    begin = now;
    acknowledged = now;
    durable = now;
  }

  private List<Stretch> stretches(int sector, long found) {
    List<Change> changes = since.get(sector);
    List<Stretch> some = new ArrayList<>(1);
    if (base[sector] == found) some.add(new Stretch(begin, changes.getFirst().at(sector) - 1));
    for (int i = 0; i < changes.size(); i++) {
      Change change = changes.get(i);
      if (change.found() != found) continue;
      long last = i + 1 < changes.size() ? changes.get(i + 1).at(sector) - 1 : now;
      some.add(new Stretch(change.at(sector), last));
    }
    return some;
  }

  private static List<Stretch> intersection(List<Stretch> some, List<Stretch> others) {
    List<Stretch> both = new ArrayList<>();
    for (Stretch one : some) {
      for (Stretch other : others) {
        long first = Math.max(one.first, other.first);
        long last = Math.min(one.last, other.last);
        if (first <= last) both.add(new Stretch(first, last));
      }
    }
    return both;
  }

  private String moments(int sector) {
    return since.get(sector).stream()
        .map(change -> change + " at moment " + change.at(sector))
        .toList()
        .toString();
  }

  private static String told(long found) {
    return found == 0 ? "zeroes" : "write " + found;
  }

  /** Number of the write whose bytes stand there, 0 for zeroes. */
  public static long numberIn(ByteBuffer bytes, int index, int sector) {
    int at = index * SECTOR_BYTES;
    long number = bytes.getLong(at);
    for (int i = 1; i < SECTOR_BYTES / Long.BYTES; i++) {
      long expected = number == 0 ? 0 : word(number, sector, i);
      if (bytes.getLong(at + i * Long.BYTES) != expected) {
        byte[] sectorBytes = new byte[SECTOR_BYTES];
        bytes.get(at, sectorBytes);
        throw new Violation(
            "2",
            "sector %d holds what nobody wrote there, it begins like write %d: %s"
                .formatted(sector, number, Arrays.toString(Arrays.copyOf(sectorBytes, 24))));
      }
    }
    return number;
  }
}
