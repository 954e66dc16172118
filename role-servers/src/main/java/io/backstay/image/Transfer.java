package io.backstay.image;

import io.backstay.model.RefusedException;

/** The operation on whose behalf an image moves: it is told how far it is, and can end it. */
public interface Transfer {
  /**
   * The payload bytes of one range that ends at {@code upTo} are on their way, or were handed to
   * the writer.
   */
  void moved(long upTo, long bytes);

  /** Everything below is durable at the receiver. */
  void durable(long upTo);

  /**
   * @throws RefusedException when the operation was cancelled, superseded, parked or its server
   *     stops
   */
  void checkpoint() throws RefusedException;
}
