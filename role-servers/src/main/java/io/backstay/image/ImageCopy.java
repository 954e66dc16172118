package io.backstay.image;

import io.backstay.model.RefusedException;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import java.io.IOException;
import java.util.Optional;

/**
 * An image from a source to a sink of the same process: what {@link ImageSender} and {@link
 * ImageReceiver} do over a channel.
 */
public final class ImageCopy {
  private final Time time;
  private final BufferPool pool;
  private final ServerConfig.Transfers limits;

  public ImageCopy(Time time, BufferPool pool, ServerConfig.Transfers limits) {
    this.time = time;
    this.pool = pool;
    this.limits = limits;
  }

  /**
   * Copies everything from {@code from} on; durable when it returns. On any failure what is
   * complete is durable.
   */
  public void copy(
      RangeSource source, RangeSink sink, long from, Transfer transfer, long bytesPerSecondMax)
      throws RefusedException, IOException, InterruptedException {
    Pace pace = new Pace(time, bytesPerSecondMax);
    RangeWriter writer = new RangeWriter(time, sink, limits, from, transfer::durable);
    try (Prefetch prefetch = new Prefetch(time, pool, source, from)) {
      for (Optional<Range> range; (range = prefetch.next()).isPresent(); ) {
        if (range.get() instanceof Range.Chunk data) {
          passOrClose(data, transfer, pace);
          transfer.moved(data.end(), data.payload().sizeBytes());
        }
        writer.accept(range.get());
      }
      writer.finish();
    } catch (RefusedException | IOException | InterruptedException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  /**
   * Waits until the range may move; when the operation is stopped instead, gives its buffer back.
   */
  static void passOrClose(Range.Chunk data, Transfer transfer, Pace pace)
      throws RefusedException, InterruptedException {
    try {
      transfer.checkpoint();
      pace.await(data.payload().sizeBytes());
    } catch (RefusedException | InterruptedException e) {
      data.payload().close();
      throw e;
    }
  }
}
