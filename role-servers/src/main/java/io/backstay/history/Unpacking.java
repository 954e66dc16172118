package io.backstay.history;

import io.backstay.diff.Codecs;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.MalformedDiffException;
import io.backstay.wlog.LogLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Payloads of a chain, compared with walb's checksum and unpacked. What is wanted as a whole goes
 * straight to where it is wanted; a payload of which only a piece is wanted now is kept for a
 * while, because the next piece is often wanted next.
 */
final class Unpacking implements AutoCloseable {
  private final DiffFiles files;

  /** Those that no thread uses just now; there are never more than threads that read at a time. */
  private final ConcurrentLinkedQueue<Bench> idle = new ConcurrentLinkedQueue<>();

  record Place(int rank, long position) {}

  /** What one thread needs to unpack. */
  private static final class Bench {
    final Codecs codecs = new Codecs();
    private ByteBuffer stored = ByteBuffer.allocateDirect(0);
    private ByteBuffer raw = ByteBuffer.allocateDirect(0);

    ByteBuffer stored(int bytes) {
      if (stored.capacity() < bytes) stored = ByteBuffer.allocateDirect(roundedUp(bytes));
      return stored.clear().limit(bytes);
    }

    ByteBuffer raw(int bytes) {
      if (raw.capacity() < bytes) raw = ByteBuffer.allocateDirect(roundedUp(bytes));
      return raw.clear().limit(bytes);
    }

    private static int roundedUp(int bytes) {
      return Math.max(64 * 1024, Integer.highestOneBit(bytes - 1) << 1);
    }
  }

  Unpacking(DiffFiles files) {
    this.files = files;
  }

  /** Puts the bytes of a piece of a payload into {@code into}, which has room for exactly them. */
  void put(Extent extent, Extent.Piece piece, ByteBuffer into) throws IOException {
    Extent.Payload payload = piece.payload();
    if (extent.sectors() == payload.sectors()) {
      unpack(extent, payload, into);
      return;
    }
    Place place = new Place(extent.rank(), payload.position());
    byte[] whole =
        files
            .memory()
            .payloads
            .get(new ChainMemory.Owned<>(files, place), () -> unpackedWhole(extent, payload));
    into.put(whole, piece.skip() * LogLayout.SECTOR_BYTES, into.remaining());
  }

  /** The blocks that {@link #put} of these needs. */
  Set<DiffFiles.Place> places(List<Extent> extents) {
    Set<DiffFiles.Place> places = new LinkedHashSet<>();
    for (Extent extent : extents) {
      if (!(extent.content() instanceof Extent.Piece piece)) continue;
      Extent.Payload payload = piece.payload();
      places.addAll(files.places(extent.rank(), payload.position(), payload.storedBytes()));
    }
    return places;
  }

  private byte[] unpackedWhole(Extent extent, Extent.Payload payload) throws IOException {
    Bench bench = bench();
    try {
      ByteBuffer raw = bench.raw(payload.sectors() * LogLayout.SECTOR_BYTES);
      unpack(bench, extent, payload, raw);
      byte[] whole = new byte[raw.limit()];
      raw.flip().get(whole);
      return whole;
    } finally {
      idle.add(bench);
    }
  }

  private void unpack(Extent extent, Extent.Payload payload, ByteBuffer into) throws IOException {
    Bench bench = bench();
    try {
      unpack(bench, extent, payload, into);
    } finally {
      idle.add(bench);
    }
  }

  private void unpack(Bench bench, Extent extent, Extent.Payload payload, ByteBuffer into)
      throws IOException {
    KeptDiff kept = files.chain().get(extent.rank());
    DiffRecord record =
        new DiffRecord(
            extent.at(),
            payload.sectors(),
            DiffRecord.Kind.NORMAL,
            payload.compression(),
            0,
            payload.storedBytes(),
            payload.checksum());
    ByteBuffer stored =
        files.read(extent.rank(), payload.position(), bench.stored(payload.storedBytes()));
    if (!record.matches(stored))
      throw new DamagedDiffException(
          kept, payload.position(), "the checksum of %s is wrong".formatted(record));
    try {
      bench.codecs.unpack(record, stored, into);
    } catch (MalformedDiffException e) {
      throw new DamagedDiffException(kept, payload.position(), e.getMessage());
    }
  }

  private Bench bench() {
    Bench bench = idle.poll();
    return bench == null ? new Bench() : bench;
  }

  @Override
  public void close() {
    for (Bench bench; (bench = idle.poll()) != null; ) bench.codecs.close();
  }
}
