package io.backstay.bench;

/** A benchmark cannot be run, or a contender failed; the message says what to do. */
final class BenchException extends Exception {
  private static final long serialVersionUID = 1L;

  BenchException(String message) {
    super(message);
  }
}
