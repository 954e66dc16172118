package io.backstay.export;

import io.backstay.model.RefusedException;
import java.io.IOException;

/** What an archive lends to its exports: points, for as long as they are held (rule X10). */
public interface Points {
  /**
   * Keeps the point until it is released; durable when it returns. Held already: nothing happens.
   *
   * @throws RefusedException where there is no such point
   */
  void hold(String volume, long gid, String holder) throws RefusedException, IOException;

  /** Not held: nothing happens. */
  void release(String volume, String holder) throws IOException;

  /** Opens a point that is held; it stays readable until it is closed. */
  PointReader open(String volume, long gid) throws RefusedException, IOException;
}
