package io.backstay.inspect;

/**
 * Something wrong.
 *
 * @param offsetBytes where in the file
 * @param lsid of the block that is wrong; null where a block has none
 */
public record Finding(long offsetBytes, Long lsid, String found) {
  @Override
  public String toString() {
    return lsid == null
        ? "byte %d: %s".formatted(offsetBytes, found)
        : "byte %d, lsid %d: %s".formatted(offsetBytes, lsid, found);
  }
}
