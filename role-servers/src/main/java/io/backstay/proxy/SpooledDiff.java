package io.backstay.proxy;

import io.backstay.chain.Diff;
import io.backstay.wdiff.DiffSidecar;
import java.time.Instant;
import java.util.List;

/**
 * A diff in the spool, as far as it is held in memory.
 *
 * @param diff as in the name of its file
 * @param archives that it was meant for when it was received
 */
record SpooledDiff(
    int session,
    Diff diff,
    long beginLsid,
    long endLsid,
    Instant time,
    long fileBytes,
    List<String> archives)
    implements Comparable<SpooledDiff> {

  static SpooledDiff of(DiffSidecar sidecar, Diff diff) {
    return new SpooledDiff(
        sidecar.session().number(),
        diff,
        sidecar.begin().lsid(),
        sidecar.end().lsid(),
        sidecar.end().time(),
        sidecar.fileBytes(),
        sidecar.archives());
  }

  long gid() {
    return diff.to().begin();
  }

  String sidecarName() {
    return DiffSidecar.name(session, diff);
  }

  /** In the order of the volume's history. */
  @Override
  public int compareTo(SpooledDiff other) {
    if (session != other.session) return Integer.compare(session, other.session);
    return Long.compare(gid(), other.gid());
  }
}
