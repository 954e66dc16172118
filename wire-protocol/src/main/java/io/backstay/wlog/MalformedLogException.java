package io.backstay.wlog;

import java.io.IOException;

/** Bytes that should be of a write log and are not. The message says where, what and what else. */
public final class MalformedLogException extends IOException {
  private static final long serialVersionUID = 1L;

  public MalformedLogException(String message) {
    super(message);
  }
}
