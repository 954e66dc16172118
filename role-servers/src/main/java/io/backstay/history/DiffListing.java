package io.backstay.history;

import io.backstay.chain.Diff;
import io.backstay.seam.Directory;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a directory of diffs holds when a process begins, and the removal of what an earlier one
 * left half done: drafts, sidecars whose wdiff never got its name (or lost it already), and diffs
 * that a merge has replaced.
 *
 * <p>A wdiff is never deleted without a successor that is named here. One without a sidecar cannot
 * come from a crash, because the sidecar is durable before the wdiff has its name and goes after
 * it: that is damage, and it stays where it is for somebody to look at.
 */
final class DiffListing {
  static final String TEMPORARY = ".tmp";
  private static final Logger LOG = LoggerFactory.getLogger(DiffListing.class);

  private final Directory directory;
  private final List<KeptDiff> diffs = new ArrayList<>();
  private final LeftOut leftOut;

  private DiffListing(Directory directory) {
    this.directory = directory;
    this.leftOut = new LeftOut(directory);
  }

  static DiffListing of(Directory directory) throws IOException {
    DiffListing listing = new DiffListing(directory);
    // What an earlier process renamed without a sync can be seen now, but must be durable before
    // anybody hears of it.
    directory.sync();
    listing.read(directory.list());
    return listing;
  }

  List<KeptDiff> diffs() {
    return diffs;
  }

  LeftOut leftOut() {
    return leftOut;
  }

  private void read(List<String> names) throws IOException {
    Map<String, String> sidecars = new HashMap<>();
    List<String> wdiffs = new ArrayList<>();
    for (String name : names) {
      if (name.endsWith(TEMPORARY)) directory.delete(name);
      else if (Diff.parse(name).isPresent()) wdiffs.add(name);
      else
        DiffSidecar.gidsIn(name)
            .ifPresent(gids -> sidecars.merge(gids, name, (a, b) -> a + " " + b));
    }
    Set<String> seen = new HashSet<>();
    for (String name : wdiffs) {
      Diff diff = Diff.parse(name).orElseThrow();
      String sidecar = sidecars.get(diff.gids());
      if (!seen.add(diff.gids())) leftOut.damaged(name, "another wdiff has the same gids");
      else if (sidecar == null) leftOut.damaged(name, "it has no sidecar");
      else if (sidecar.contains(" ")) leftOut.damaged(name, "it has several sidecars");
      else leftOut.read(name, sidecar).ifPresent(diffs::add);
    }
    for (Map.Entry<String, String> sidecar : sidecars.entrySet()) {
      if (seen.contains(sidecar.getKey())) continue;
      for (String name : sidecar.getValue().split(" ")) {
        directory.delete(name);
        LOG.info("{}: {} is removed, no wdiff belongs to it", directory.description(), name);
      }
    }
    DiffSet all = new DiffSet();
    for (KeptDiff diff : diffs) all.put(DiffKey.of(diff), diff);
    Set<KeptDiff> replaced = replaced(directory, all);
    remove(directory, replaced);
    diffs.removeAll(replaced);
  }

  /** What a merge was made of that was committed but had not yet removed it. */
  static Set<KeptDiff> replaced(Directory directory, DiffSet all) throws IOException {
    Set<KeptDiff> replaced = new LinkedHashSet<>();
    Recognition recognition = new Recognition(directory);
    for (KeptDiff merged : all.all()) {
      if (merged.cuts() < 2) continue;
      for (KeptDiff part :
          all.touching(merged.session().number(), merged.begin().gid(), merged.end().gid())) {
        if (!isWithin(part, merged) || !isOf(part, recognition.lsids(merged))) continue;
        LOG.info("{}: {} is removed, {} replaces it", directory.description(), part, merged);
        replaced.add(part);
      }
    }
    return replaced;
  }

  private static boolean isWithin(KeptDiff part, KeptDiff whole) {
    return part.session().equals(whole.session())
        && part.diff().isClean()
        && whole.diff().isClean()
        && !whole.diff().compared()
        && whole.cuts() > part.cuts()
        && part.begin().gid() >= whole.begin().gid()
        && part.end().gid() <= whole.end().gid();
  }

  private static boolean isOf(KeptDiff part, Map<Long, Long> lsids) {
    return Long.valueOf(part.begin().lsid()).equals(lsids.get(part.begin().gid()))
        && Long.valueOf(part.end().lsid()).equals(lsids.get(part.end().gid()));
  }

  /**
   * Deletes the files: all wdiffs durably before the first sidecar, so that no crash leaves a wdiff
   * alone.
   */
  static void remove(Directory directory, Collection<KeptDiff> gone) throws IOException {
    if (gone.isEmpty()) return;
    for (KeptDiff diff : gone) directory.delete(diff.diff().fileName());
    directory.sync();
    for (KeptDiff diff : gone) directory.delete(diff.sidecarName());
  }
}
