package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.history.DiffLayer;
import io.backstay.image.Range;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.server.RoleParts;
import io.backstay.volume.RunningOperation;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Folds diffs into an image, in place (rule X9).
 *
 * <p><b>Order.</b> The metadata says that the image is being applied to, and how far that may have
 * come; then the bytes are written and flushed, then their checksums are written and flushed; only
 * then does the metadata say that they are done. That for some hundred ranges at a time, and again
 * until the end. After a crash it goes on where it was done: what lies behind that is made anew
 * from the diffs, which are there until the image is done as a whole.
 *
 * <p>What the diffs do not hold of a block that they touch is taken over from the image. It is
 * compared with its checksum, but for the few ranges that were being written when a process died:
 * there the checksum may be the old one or the new one.
 */
final class ApplyRun {
  /** Ranges that are written between two flushes: 256 MiB at most. */
  private static final int RANGES_AT_ONCE = 256;

  /** Says in the volume's metadata how far it is. */
  interface Progress {
    void record(long doneBytes, long begunBytes) throws IOException;
  }

  private final RoleParts parts;
  private final Applying applying;
  private final ImageFiles files;
  private final StoredImage image;
  private final DiffLayer diffs;
  private final Progress progress;

  /** The evidence of a range, until its bytes are durable; empty for one of zeroes. */
  private final Map<Long, Optional<Evidence>> unrecorded = new TreeMap<>();

  @SuppressWarnings("ArrayRecordComponent") // never compared, never shared
  private record Evidence(ImageChunk chunk, int[] checksums) {}

  /**
   * @param image that is being applied to
   * @param files of that image
   * @param diffs all that the apply has to fold in
   */
  ApplyRun(RoleParts parts, Image image, ImageFiles files, DiffLayer diffs, Progress progress) {
    this.parts = parts;
    this.applying = image.applying().orElseThrow();
    this.files = files;
    this.image = new StoredImage(files);
    this.diffs = diffs;
    this.progress = progress;
  }

  /**
   * Everything is durable when it returns but the metadata that says so.
   *
   * @return data bytes that the image has then
   */
  long run(RunningOperation operation) throws RefusedException, IOException, InterruptedException {
    operation.step("applying", applying.sizeBytes());
    operation.beginAt(applying.doneBytes());
    // Before the first byte of the image is lost: what replaces it is whole.
    if (applying.begunBytes() == 0) diffs.compareAll();
    makeRoom();
    long begun = applying.begunBytes();
    List<Long> batch = batch(applying.doneBytes());
    while (!batch.isEmpty()) {
      operation.checkpoint();
      long end = batch.getLast() + ImageChunk.RANGE_BYTES;
      if (end > begun) {
        begun = end;
        progress.record(batch.getFirst(), begun);
      }
      for (long offset : batch) rewrite(offset, operation);
      record();
      operation.durable(Math.min(end, applying.sizeBytes()));
      batch = batch(end);
    }
    files.sidecar().grow(applying.sizeBytes());
    files.sidecar().flush();
    return files.sidecar().storedBytes(applying.sizeBytes());
  }

  /**
   * The volume was larger at that cut: what is behind the image's end is zero before it is held.
   */
  private void makeRoom() throws IOException {
    if (applying.sizeBytes() == image.sizeBytes()) return;
    files.sidecar().makeRoom(applying.sizeBytes());
    files.sidecar().flush();
    if (files.image().remeasure() < applying.sizeBytes())
      files.image().extend(applying.sizeBytes());
    files.image().flush();
  }

  /** The first range at or behind {@code at} that becomes another one. */
  private long next(long at) throws IOException {
    long held = diffs.nextHeld(at).orElse(applying.sizeBytes());
    long grows =
        applying.sizeBytes() > image.sizeBytes()
            ? Math.max(at, image.sizeBytes())
            : applying.sizeBytes();
    long next = Math.min(held, grows);
    return Math.max(at, next - next % ImageChunk.RANGE_BYTES);
  }

  /** The next ones. */
  private List<Long> batch(long from) throws IOException {
    List<Long> batch = new ArrayList<>();
    long at = next(from);
    while (at < applying.sizeBytes() && batch.size() < RANGES_AT_ONCE) {
      batch.add(at);
      at = next(at + ImageChunk.RANGE_BYTES);
    }
    return batch;
  }

  private void rewrite(long offset, RunningOperation operation)
      throws IOException, InterruptedException {
    int length = (int) Math.min(ImageChunk.RANGE_BYTES, applying.sizeBytes() - offset);
    DiffLayer.Overlay overlay = diffs.over(offset, length);
    BufferPool.Lease lease = parts.pool().take();
    Range range;
    boolean kept = false;
    try {
      ByteBuffer bytes = lease.buffer().clear().limit(length);
      image.readInto(offset, bytes, ~overlay.covered(), unsure(offset, overlay));
      overlay.putInto(bytes);
      range = Range.of(offset, bytes, lease);
      kept = range instanceof Range.Chunk;
    } finally {
      if (!kept) lease.close();
    }
    switch (range) {
      case Range.Chunk(ImageChunk chunk, Payload payload) -> {
        try (payload) {
          write(chunk, payload.bytes(), overlay.touched());
          unrecorded.put(
              offset / ImageChunk.RANGE_BYTES,
              Optional.of(new Evidence(chunk, payload.checksums())));
          operation.moved(offset + length, payload.sizeBytes());
        }
      }
      case Range.Zeroes zeroes -> {
        if (!overlay.isEmpty()) files.image().zero(offset, length);
        unrecorded.put(offset / ImageChunk.RANGE_BYTES, Optional.empty());
      }
      case Range.Kept other -> throw new IllegalStateException("composed " + other);
    }
  }

  private int unsure(long offset, DiffLayer.Overlay overlay) {
    boolean mayBeHalfDone = offset >= applying.doneBytes() && offset < applying.begunBytes();
    if (!mayBeHalfDone) return 0;
    boolean grows =
        applying.sizeBytes() > image.sizeBytes()
            && offset + ImageChunk.RANGE_BYTES > image.sizeBytes();
    return grows ? ~0 : overlay.touched();
  }

  /** Writes the blocks that the diffs touch, neighbours at once. */
  private void write(ImageChunk chunk, ByteBuffer data, int touched) throws IOException {
    BlockDevice device = files.image();
    int blocks = Payload.blocks(chunk.lengthBytes());
    for (int i = 0; i < blocks; ) {
      int end = i + 1;
      while (end < blocks
          && isSet(touched, end) == isSet(touched, i)
          && isSet(chunk.dataBlocks(), end) == isSet(chunk.dataBlocks(), i)) end++;
      int from = i * Payload.BLOCK_BYTES;
      int length = Math.min(end * Payload.BLOCK_BYTES, chunk.lengthBytes()) - from;
      if (isSet(touched, i) && isSet(chunk.dataBlocks(), i)) {
        int before = Integer.bitCount(chunk.dataBlocks() & (1 << i) - 1) * Payload.BLOCK_BYTES;
        device.write(chunk.offset() + from, data.slice(data.position() + before, length));
      } else if (isSet(touched, i)) {
        device.zero(chunk.offset() + from, length);
      }
      i = end;
    }
  }

  private static boolean isSet(int mask, int block) {
    return (mask >>> block & 1) == 1;
  }

  /** The bytes are durable before the first checksum of them is written. */
  private void record() throws IOException {
    files.image().flush();
    try (SidecarWriting entries = new SidecarWriting(files.sidecar(), applying.sizeBytes())) {
      for (Map.Entry<Long, Optional<Evidence>> one : unrecorded.entrySet()) {
        long range = one.getKey();
        if (one.getValue().isEmpty()) entries.at(range).putZeroes(range);
        else
          entries
              .at(range)
              .put(range, one.getValue().get().chunk(), one.getValue().get().checksums());
      }
    }
    files.sidecar().flush();
    unrecorded.clear();
  }
}
