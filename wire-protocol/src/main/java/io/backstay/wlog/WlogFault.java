package io.backstay.wlog;

/**
 * Something wrong in a wlog.
 *
 * @param offsetBytes where in the stream
 * @param lsid of the block that is wrong
 * @param found which check failed, on what
 */
public record WlogFault(long offsetBytes, long lsid, String found) {
  /** Told of each fault. A data fault lets the reader go on, any other ends the stream. */
  public interface Sink {
    void found(WlogFault fault) throws MalformedLogException;

    /** The first fault ends the reading. */
    static Sink refusing() {
      return fault -> {
        throw new MalformedLogException(fault.toString());
      };
    }
  }

  @Override
  public String toString() {
    return "wlog, byte %d, lsid %d: %s".formatted(offsetBytes, lsid, found);
  }
}
