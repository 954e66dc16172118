package io.backstay.history;

import io.backstay.chain.Diff;
import io.backstay.seam.Directory;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wdiffs of a directory of which nothing is known. Damage stays, for somebody to look at. A sidecar
 * that the disk does not read now may be read later: until then there is a gap in the chain, which
 * no proxy closes, since the file is there.
 *
 * <p>Not thread-safe, but for {@link #words}.
 */
final class LeftOut {
  private static final Logger LOG = LoggerFactory.getLogger(LeftOut.class);

  private final Directory directory;
  private final List<String> damage = new ArrayList<>();
  private volatile List<Unread> unread = List.of();
  private volatile List<String> words = List.of();

  private record Unread(String name, String sidecarName, String why) {}

  LeftOut(Directory directory) {
    this.directory = directory;
  }

  /** The diff of that name; empty where it is left out. */
  Optional<KeptDiff> read(String name, String sidecarName) {
    List<Unread> all = new ArrayList<>(unread);
    Optional<KeptDiff> found = read(name, sidecarName, all);
    unread = List.copyOf(all);
    say();
    return found;
  }

  /** Those that can be read now. */
  List<KeptDiff> readAgain() {
    List<Unread> still = new ArrayList<>();
    List<KeptDiff> found = new ArrayList<>();
    for (Unread one : unread) read(one.name(), one.sidecarName(), still).ifPresent(found::add);
    unread = List.copyOf(still);
    say();
    return found;
  }

  private Optional<KeptDiff> read(String name, String sidecarName, List<Unread> still) {
    byte[] sidecar;
    try {
      sidecar = directory.read(sidecarName);
    } catch (IOException e) {
      LOG.warn("{}: {} is tried again: {}", directory.description(), sidecarName, e.toString());
      still.add(new Unread(name, sidecarName, String.valueOf(e.getMessage())));
      return Optional.empty();
    }
    try {
      return Optional.of(kept(Diff.parse(name).orElseThrow(), sidecarName, sidecar));
    } catch (IOException e) {
      damaged(name, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static KeptDiff kept(Diff diff, String sidecarName, byte[] bytes) throws IOException {
    DiffSidecar sidecar = DiffSidecar.decode(sidecarName, bytes);
    boolean fits =
        sidecar.from().equals(diff.from())
            && sidecar.to().equals(diff.to())
            && sidecar.compared() == diff.compared();
    if (!fits) throw new IOException("%s is of %s".formatted(sidecarName, sidecar.diff(true)));
    return KeptDiff.of(sidecar, diff);
  }

  void damaged(String name, String why) {
    damage.add("%s: %s".formatted(name, why));
    LOG.error("{}: {} cannot be used and is left out: {}", directory.description(), name, why);
    say();
  }

  private void say() {
    List<String> all = new ArrayList<>(damage);
    for (Unread one : unread)
      all.add("%s: its sidecar is not read yet: %s".formatted(one.name(), one.why()));
    words = List.copyOf(all);
  }

  /** Whether to try again. */
  boolean isUnread() {
    return !unread.isEmpty();
  }

  /** Each with the reason. */
  List<String> words() {
    return words;
  }
}
