package io.backstay.history;

import io.backstay.chain.Snap;
import io.backstay.diff.DiffDraft;
import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.seam.BufferPool;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Payload;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Diffs of a made-up log: its cut of gid g is at lsid 10 g and at second 5 g. */
final class SomeDiffs {
  static final Instant BEGIN = Instant.parse("2026-11-21T08:00:00Z");
  static final Session SESSION = new Session(1, new SessionUuid(1, 2), Optional.of(0L), 0);

  private SomeDiffs() {}

  static Cut cut(long gid) {
    return new Cut(
        1, 10 * gid, gid, BEGIN.plusSeconds(5 * gid), Optional.empty(), false, Optional.empty());
  }

  static byte[] content(long from, long to) {
    byte[] content = new byte[100_000 + (int) to];
    new Random(31 * from + to).nextBytes(content);
    return content;
  }

  static DiffSidecar sidecar(long from, long to) {
    List<Cut> cuts = new ArrayList<>();
    for (long gid = from + 1; gid <= to; gid++) cuts.add(cut(gid));
    return sidecar(cut(from), cuts, content(from, to));
  }

  static DiffSidecar sidecar(Cut begin, List<Cut> cuts, byte[] content) {
    int[] checksums = Payload.checksumsOf(ByteBuffer.wrap(content));
    ByteBuffer bytes =
        ByteBuffer.allocate(Integer.BYTES * checksums.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int checksum : checksums) bytes.putInt(checksum);
    return new DiffSidecar(
        "vol0",
        SESSION,
        Snap.clean(begin.gid()),
        Snap.clean(cuts.getLast().gid()),
        begin,
        cuts,
        false,
        1 << 20,
        1,
        List.of("a0"),
        content.length,
        Bytes.of(new byte[0]),
        Bytes.of(bytes.array()));
  }

  static KeptDiff add(DiffStore store, long from, long to) throws IOException {
    return add(store, sidecar(from, to), content(from, to));
  }

  static KeptDiff add(DiffStore store, DiffSidecar sidecar, byte[] content) throws IOException {
    try (DiffDraft draft = store.draft(BufferPool.aligned(8192))) {
      draft.write(ByteBuffer.wrap(content));
      return store.commit(draft, sidecar, true);
    }
  }
}
