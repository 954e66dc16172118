package io.backstay.wlog;

/** What stands where a pack's header is expected. */
public sealed interface PackReading {
  /** A header that holds in every respect. The data behind it was not looked at. */
  record Pack(PackHeader header) implements PackReading {}

  /** A header without records: nothing follows. */
  record End() implements PackReading {}

  /**
   * Anything else: never written, of an earlier lap or session, torn, or damaged.
   *
   * @param found which check failed, on what
   */
  record Invalid(String found) implements PackReading {}
}
