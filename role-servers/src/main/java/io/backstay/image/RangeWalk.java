package io.backstay.image;

import io.backstay.model.RefusedException;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import java.io.IOException;
import java.util.Optional;

/** Reads an image from one end to the other and keeps nothing: what a verification does. */
public final class RangeWalk {
  private final Time time;
  private final BufferPool pool;
  private final Transfer transfer;
  private final Pace pace;

  public RangeWalk(Time time, BufferPool pool, Transfer transfer, long bytesPerSecondMax) {
    this.time = time;
    this.pool = pool;
    this.transfer = transfer;
    this.pace = new Pace(time, bytesPerSecondMax);
  }

  /**
   * Reads everything from {@code from} on; answers the end. What the source throws comes out here,
   * in address order.
   */
  public long walk(RangeSource source, long from)
      throws RefusedException, IOException, InterruptedException {
    try (Prefetch prefetch = new Prefetch(time, pool, source, from)) {
      for (Optional<Range> range; (range = prefetch.next()).isPresent(); ) {
        if (range.get() instanceof Range.Chunk data) {
          ImageCopy.passOrClose(data, transfer, pace);
          transfer.moved(data.end(), data.payload().sizeBytes());
          data.payload().close();
        }
        transfer.durable(range.get().end());
      }
    }
    return source.sizeBytes();
  }
}
