package io.backstay.export;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.NoSpaceException;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A point as NBD clients see it that may write: copy-on-write. The point stays as it is, what is
 * written lies in a {@link WriteLayer}.
 *
 * <pre>
 *   write, trim, zeroes   one thread, in the order in which they came, answered when the next
 *                         process would find them
 *   flush, or durable     another thread, once for all who wait
 *   read                  changed blocks from the layer, where the page cache has them at once; the
 *                         others as {@link PointExport} does
 * </pre>
 */
final class WritableExport implements Export {
  private static final Logger LOG = LoggerFactory.getLogger(WritableExport.class);
  private static final int BLOCK_BYTES = ChangeMap.BLOCK_BYTES;

  private final String name;
  private final String description;
  private final CachedPoint point;
  private final WriteLayer layer;
  private final Crew writer;
  private final Crew flusher;
  private final Flushes flushes;

  WritableExport(String name, String description, CachedPoint point, WriteLayer layer, Time time) {
    this.name = name;
    this.description = description;
    this.point = point;
    this.layer = layer;
    this.writer = new Crew(time, name + "/write", 1);
    this.flusher = new Crew(time, name + "/flush", 1);
    this.flushes = new Flushes(name, layer, flusher);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public long sizeBytes() {
    return point.sizeBytes();
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public int blockBytesMin() {
    return PointExport.blockBytesMin(sizeBytes());
  }

  // ---- changes

  /** What has to be done to the layer. */
  private interface Change {
    void run() throws IOException;
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
    return change(durable, answer, () -> layer.write(offset, data));
  }

  @Override
  public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
    return change(durable, answer, () -> layer.trim(offset, lengthBytes));
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    if (!keepSpace) return trim(offset, lengthBytes, durable, answer);
    if (onlyIfFast) return Errno.ENOTSUP;
    return change(durable, answer, () -> layer.writeZeroes(offset, lengthBytes));
  }

  private int change(boolean durable, Answer answer, Change change) {
    writer.add(() -> {
      int error = errno(change);
      if (durable && error == DONE) flushes.add(answer);
      else answer.done(error);
    });
    return LATER;
  }

  private int errno(Change change) {
    try {
      change.run();
      return DONE;
    } catch (NoSpaceException e) {
      LOG.warn("export {}: a write failed", name, e);
      return Errno.ENOSPC;
    } catch (IOException | RuntimeException e) {
      LOG.error("export {}: a write failed", name, e);
      return Errno.EIO;
    }
  }

  @Override
  public int flush(Answer answer) {
    flushes.add(answer);
    return LATER;
  }

  // ---- reading

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    Gather gather = new Gather(answer);
    pieces(
        offset,
        into.remaining(),
        (from, to, changed) -> {
          int at = into.position() + (int) (from - offset);
          ByteBuffer piece = into.slice(at, (int) (to - from));
          gather.said(
              changed
                  ? readChanged(from, piece, gather.part())
                  : point.read(from, piece, gather.part()));
        });
    return gather.result();
  }

  private int readChanged(long from, ByteBuffer into, Answer part) {
    try {
      if (layer.readNow(from, into)) return DONE;
    } catch (IOException e) {
      LOG.error("export {}: a read at {} failed", name, from, e);
      return Errno.EIO;
    }
    point.crew().add(() -> part.done(errno(() -> layer.read(from, into))));
    return LATER;
  }

  /** Takes the pieces of a range in order. */
  private interface Pieces<E extends Exception> {
    void add(long from, long to, boolean changed) throws E;
  }

  private <E extends Exception> void pieces(long offset, long lengthBytes, Pieces<E> into)
      throws E {
    long end = offset + lengthBytes;
    long endBlock = ChangeMap.blocksOf(end);
    ChangeMap map = layer.map();
    for (long at = offset; at < end; ) {
      long block = at / BLOCK_BYTES;
      boolean changed = map.isChanged(block);
      // From the next one on: somebody may change this one now.
      long next =
          changed ? map.nextUnchanged(block + 1, endBlock) : map.nextChanged(block + 1, endBlock);
      long to = Math.min(end, next * BLOCK_BYTES);
      into.add(at, to, changed);
      at = to;
    }
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    long length = Math.min(lengthBytes, ExtentWalk.RANGE_BYTES_MAX);
    point.crew().add(() -> answer.done(errno(() -> tell(offset, length, into))));
    return LATER;
  }

  private void tell(long offset, long lengthBytes, Extents into) throws IOException {
    pieces(
        offset,
        lengthBytes,
        (from, to, changed) ->
            ExtentWalk.tell(changed ? layer::nextData : point.reader()::nextData, from, to, into));
  }

  /** Nobody asks any more: waits for what is running. */
  void finish() throws InterruptedException {
    writer.finish();
    flusher.finish();
  }
}
