package io.backstay.wire;

import java.io.IOException;

/**
 * The connection is gone: closed by the peer, cut, or shut because of a malformed frame. The
 * message says which.
 */
public final class ChannelClosedException extends IOException {
  private static final long serialVersionUID = 1L;

  public ChannelClosedException(String message) {
    super(message);
  }

  public ChannelClosedException(String message, Throwable cause) {
    super(message, cause);
  }
}
