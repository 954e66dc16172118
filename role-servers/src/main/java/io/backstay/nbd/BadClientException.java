package io.backstay.nbd;

/** The client said what cannot be understood; its connection is closed with this reason. */
final class BadClientException extends Exception {
  private static final long serialVersionUID = 1;

  BadClientException(String reason) {
    super(reason);
  }
}
