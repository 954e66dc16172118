package io.backstay.log;

/**
 * One record of the log as long as the tail holds it.
 *
 * @param number counts the entries of one tail from 0
 * @param offset first byte on the volume, a multiple of 512; 0 for padding
 * @param lengthBytes a multiple of 512
 * @param lsid of its first block; of a discard, which has none, that of the block after it
 * @param pack lsid of the header of its pack
 */
record Entry(long number, Kind kind, long offset, long lengthBytes, long lsid, long pack) {
  enum Kind {
    /** Bytes. */
    WRITE,
    /** The range reads as zeroes from here on (rule L7). */
    DISCARD,
    /** Unused blocks up to the end of the ring, so that no record's bytes wrap. */
    PADDING
  }

  /** Blocks of log that its bytes take, without the header. */
  int blocks() {
    return kind == Kind.DISCARD ? 0 : LogRing.blocksFor(lengthBytes);
  }

  /** Lsid behind its bytes. */
  long endLsid() {
    return lsid + blocks();
  }

  long end() {
    return offset + lengthBytes;
  }
}
