package io.backstay.export;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A point as NBD clients see it, for reading only. What was read lately is answered on the event
 * loop, all else by threads of the point's crew; see {@link PageCache}.
 */
final class PointExport implements Export {
  private static final Logger LOG = LoggerFactory.getLogger(PointExport.class);
  private static final int SECTOR_BYTES = 512;

  private final String name;
  private final String description;
  private final CachedPoint point;

  PointExport(String name, String description, CachedPoint point) {
    this.name = name;
    this.description = description;
    this.point = point;
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
    return true;
  }

  @Override
  public int blockBytesMin() {
    return blockBytesMin(sizeBytes());
  }

  /** A plain volume may be a file of any size. */
  static int blockBytesMin(long sizeBytes) {
    return sizeBytes % SECTOR_BYTES == 0 ? SECTOR_BYTES : 1;
  }

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    return point.read(offset, into, answer);
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
    return Errno.EPERM;
  }

  /** Nothing is ever written. */
  @Override
  public int flush(Answer answer) {
    return DONE;
  }

  @Override
  public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
    return Errno.EPERM;
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    return Errno.EPERM;
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    long end = offset + Math.min(lengthBytes, ExtentWalk.RANGE_BYTES_MAX);
    point
        .crew()
        .add(() -> {
          try {
            ExtentWalk.tell(point.reader()::nextData, offset, end, into);
            answer.done(DONE);
          } catch (IOException | RuntimeException e) {
            LOG.error("cannot tell data from holes of {}", name, e);
            answer.done(Errno.EIO);
          }
        });
    return LATER;
  }
}
