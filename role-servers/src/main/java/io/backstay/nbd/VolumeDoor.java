package io.backstay.nbd;

import java.io.IOException;

/** Where the volumes of a storage, or the exports of an archive, are served. */
public interface VolumeDoor {
  /**
   * Serves the volume until it is closed.
   *
   * @return where clients find it, as NBD clients write it
   */
  String open(Export export) throws IOException;

  /**
   * Answers what was asked, lets its clients go, serves it no more. Not served: nothing happens.
   */
  void close(String volume);
}
