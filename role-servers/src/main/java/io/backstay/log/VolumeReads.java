package io.backstay.log;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads of a logged volume: the newest bytes from the tail, the rest from the data device, never
 * from the log. The tail is asked first: what it forgets meanwhile is on the device by then.
 */
final class VolumeReads {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeReads.class);

  private final String volume;
  private final Tail tail;
  private final BlockDevice data;
  private final Time time;

  VolumeReads(String volume, Tail tail, BlockDevice data, Time time) {
    this.volume = volume;
    this.tail = tail;
    this.data = data;
    this.time = time;
  }

  /** As {@link Export#read}. */
  int read(long offset, ByteBuffer into, Export.Answer answer) {
    List<Gaps.Gap> gaps = tail.read(offset, into).missing();
    for (int i = 0; i < gaps.size(); i++) {
      Gaps.Gap gap = gaps.get(i);
      try {
        if (!data.readNow(gap.start(), slice(into, offset, gap))) {
          List<Gaps.Gap> rest = List.copyOf(gaps.subList(i, gaps.size()));
          time.fork(volume + "/read", () -> readSlowly(offset, into, rest, answer));
          return Export.LATER;
        }
      } catch (IOException e) {
        LOG.warn("volume {}: a read failed", volume, e);
        return Errno.EIO;
      }
    }
    into.position(into.limit());
    return Export.DONE;
  }

  /** What the page cache does not have: on a thread that may wait for the disk. */
  private void readSlowly(long offset, ByteBuffer into, List<Gaps.Gap> gaps, Export.Answer answer) {
    try {
      for (Gaps.Gap gap : gaps) data.read(gap.start(), slice(into, offset, gap));
      into.position(into.limit());
      answer.done(Export.DONE);
    } catch (IOException e) {
      LOG.warn("volume {}: a read failed", volume, e);
      answer.done(Errno.EIO);
    }
  }

  /**
   * Reads on the calling thread, which may wait for the disk; the buffer is direct.
   *
   * @return number of the entry below which the log must be durable, so that no loss of power takes
   *     back what was read: only durable log is on the data device (rule L4)
   */
  long readWaiting(long offset, ByteBuffer into) throws IOException {
    Overlay.Found found = tail.read(offset, into);
    for (Gaps.Gap gap : found.missing()) data.read(gap.start(), slice(into, offset, gap));
    into.position(into.limit());
    return found.end();
  }

  private static ByteBuffer slice(ByteBuffer into, long offset, Gaps.Gap gap) {
    return into.slice(into.position() + (int) (gap.start() - offset), gap.lengthBytes());
  }

  /** As {@link Export#extents}. */
  void extents(long offset, long lengthBytes, Export.Extents into) {
    long[] at = {offset};
    tail.pieces(
        offset,
        offset + lengthBytes,
        (from, to, entry) -> {
          onDevice(at[0], from, into);
          boolean zero = entry.kind() == Entry.Kind.DISCARD;
          into.add(to - from, zero, zero);
          at[0] = to;
        });
    onDevice(at[0], offset + lengthBytes, into);
  }

  private void onDevice(long from, long to, Export.Extents into) {
    if (from == to) return;
    try {
      long next = Math.min(to, Math.max(from, data.nextData(from)));
      if (next > from) into.add(next - from, true, true);
      if (to > next) into.add(to - next, false, false);
    } catch (IOException e) {
      into.add(to - from, false, false);
    }
  }

  /**
   * The first position from {@code from} on, below {@code to}, that may hold anything but zeroes;
   * {@code to} where there is none.
   */
  long nextData(long from, long to) throws IOException {
    long[] written = {to};
    tail.pieces(
        from,
        to,
        (start, _, entry) -> {
          if (entry.kind() == Entry.Kind.WRITE) written[0] = Math.min(written[0], start);
        });
    return Math.min(written[0], Math.max(from, data.nextData(from)));
  }
}
