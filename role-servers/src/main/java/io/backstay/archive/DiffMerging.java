package io.backstay.archive;

import io.backstay.chain.Diff;
import io.backstay.chain.DiffChain;
import io.backstay.diff.DiffDraft;
import io.backstay.diff.DiffMerge;
import io.backstay.diff.DiffSource;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.model.Compression;
import io.backstay.model.Cut;
import io.backstay.model.RefusedException;
import io.backstay.seam.BufferPool;
import io.backstay.volume.RunningOperation;
import io.backstay.wdiff.DiffSidecar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes one diff of neighbouring ones. The new one is durable and in the set before the first of
 * the old ones goes; after a crash between the two, both are there and say the same.
 */
final class DiffMerging {
  /** Stretches between two looks whether it is to stop. */
  private static final int STRETCHES_AT_ONCE = 1024;

  /** Decides, at the last moment, whether the old ones may go; then lets them be replaced. */
  interface Commit {
    void commit(Replacement replacement) throws RefusedException, IOException;
  }

  /** The new diff takes the place of the old ones. */
  interface Replacement {
    void run() throws IOException;
  }

  private final DiffStore diffs;
  private final Compression compression;
  private final BufferPool pool;

  /**
   * @param pool of whose buffers one is used while the new one is written
   */
  DiffMerging(DiffStore diffs, Compression compression, BufferPool pool) {
    this.diffs = diffs;
    this.compression = compression;
    this.pool = pool;
  }

  /**
   * @param parts neighbours, oldest first
   */
  KeptDiff merge(List<KeptDiff> parts, RunningOperation operation, Commit commit)
      throws RefusedException, IOException, InterruptedException {
    try (DiffStore.Pin pin =
            diffs.pin(parts).orElseThrow(() -> new IOException("the diffs to merge changed"));
        BufferPool.Lease gathered = pool.take();
        DiffDraft draft = diffs.draft(gathered.buffer());
        DiffMerge merge = open(pin, parts);
        SortedDiffWriter writer =
            new SortedDiffWriter(draft, parts.getLast().session().uuid(), compression)) {
      for (int i = 0; merge.next(); i++) {
        if (i % STRETCHES_AT_ONCE == 0) operation.checkpoint();
        merge.writeCurrentTo(writer);
      }
      writer.finish();
      Diff merged = DiffChain.merge(parts.stream().map(DiffMerging::mergeable).toList());
      DiffSidecar sidecar = sidecar(parts, merged, writer);
      commit.commit(() -> diffs.replace(parts, draft, sidecar));
      return KeptDiff.of(sidecar, sidecar.diff(true));
    }
  }

  /** What is to stay was left out by whoever chose them. */
  private static Diff mergeable(KeptDiff kept) {
    return kept.diff().with(true);
  }

  private static DiffMerge open(DiffStore.Pin pin, List<KeptDiff> parts) throws IOException {
    List<DiffSource> sources = new ArrayList<>();
    boolean opened = false;
    try {
      for (KeptDiff part : parts) sources.add(pin.source(part));
      DiffMerge merge = new DiffMerge(sources);
      opened = true;
      return merge;
    } finally {
      if (!opened) for (DiffSource source : sources) source.close();
    }
  }

  private DiffSidecar sidecar(List<KeptDiff> parts, Diff merged, SortedDiffWriter writer)
      throws IOException {
    List<Cut> cuts = new ArrayList<>();
    DiffSidecar last = null;
    for (KeptDiff part : parts) {
      last = diffs.sidecar(part);
      for (Cut cut : last.cuts())
        if (cuts.isEmpty() || cut.gid() > cuts.getLast().gid()) cuts.add(cut);
    }
    return new DiffSidecar(
        last.volume(),
        last.session(),
        merged.from(),
        merged.to(),
        parts.getFirst().begin(),
        cuts,
        false,
        last.volumeBytes(),
        last.recordVersion(),
        last.archives(),
        writer.fileBytes(),
        writer.packs(),
        writer.checksums());
  }
}
