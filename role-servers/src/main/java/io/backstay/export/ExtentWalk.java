package io.backstay.export;

import io.backstay.nbd.Export.Extents;
import java.io.IOException;

/** Tells data from holes, in steps, by asking where the next data is. */
final class ExtentWalk {
  /** Finer holes than this are told as data. */
  private static final long STEP_BYTES = 64 << 10;

  /** Of one question; the client asks again from there. */
  static final long RANGE_BYTES_MAX = 1L << 30;

  private ExtentWalk() {}

  /** As {@link PointReader#nextData}. */
  interface Map {
    long nextData(long offset) throws IOException;
  }

  static void tell(Map map, long from, long to, Extents into) throws IOException {
    long at = from;
    while (at < to) {
      long data = Math.clamp(map.nextData(at), at, to);
      if (data > at) into.add(data - at, true, true);
      long end = Math.min(to, (data / STEP_BYTES + 1) * STEP_BYTES);
      if (end > data) into.add(end - data, false, false);
      at = end;
    }
  }
}
