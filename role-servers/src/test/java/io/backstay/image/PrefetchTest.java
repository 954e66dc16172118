package io.backstay.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PrefetchTest {
  private final BufferPool pool = new BufferPool(Prefetch.AHEAD + 2, ImageChunk.RANGE_BYTES);

  /** Eight ranges, of which the fourth cannot be looked for. */
  private record Failing(Throwable why) implements RangeSource {
    @Override
    public long sizeBytes() {
      return 8L * ImageChunk.RANGE_BYTES;
    }

    @Override
    public long nextData(long offset) throws IOException {
      if (offset < 3L * ImageChunk.RANGE_BYTES) return offset;
      if (why instanceof Error error) throw error;
      if (why instanceof RuntimeException unexpected) throw unexpected;
      throw (IOException) why;
    }

    @Override
    public Range read(long offset, BufferPool.Lease lease) {
      lease.close();
      return new Range.Zeroes(offset, ImageChunk.RANGE_BYTES);
    }
  }

  /** Not that there is nothing more, and not nothing at all: a backup waited for it for ever. */
  @Test
  @Timeout(20)
  void whateverStopsTheReadingIsHeardByWhoWaitsForTheNextRange() throws Exception {
    for (Throwable why :
        new Throwable[] {
          new IOException("bad sector"),
          new IllegalStateException("a bug"),
          new OutOfMemoryError("direct buffer memory")
        }) {
      try (Prefetch prefetch = new Prefetch(Time.system(), pool, new Failing(why), 0)) {
        for (int i = 0; i < 3; i++) assertThat(prefetch.next()).isPresent();
        assertThatThrownBy(prefetch::next).hasMessageContaining(why.getMessage());
      }
    }
  }
}
