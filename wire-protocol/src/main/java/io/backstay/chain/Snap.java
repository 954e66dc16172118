package io.backstay.chain;

/**
 * A state of a volume: <em>clean</em> where both gids are the same, exactly that generation; else
 * <em>dirty</em>, read while the volume changed: every block is at some generation between them,
 * and all diffs up to {@code end} make it clean. In walb's words a MetaSnap, written {@code |5|} or
 * {@code |5,9|}.
 */
public record Snap(long begin, long end) {
  public Snap {
    if (begin < 0 || begin > end)
      throw new IllegalArgumentException("no snapshot from gid %d to %d".formatted(begin, end));
  }

  public static Snap clean(long gid) {
    return new Snap(gid, gid);
  }

  public boolean isClean() {
    return begin == end;
  }

  @Override
  public String toString() {
    return isClean() ? "|%d|".formatted(begin) : "|%d,%d|".formatted(begin, end);
  }
}
