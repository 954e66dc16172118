package io.backstay.convert;

/** Told how far a command is. */
@FunctionalInterface
public interface Advance {
  /**
   * @param step in words, "reading vol0.wlog"
   * @param bytesTotal 0 when it is not known
   */
  void at(String step, long bytesDone, long bytesTotal);
}
