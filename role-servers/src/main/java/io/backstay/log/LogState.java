package io.backstay.log;

/**
 * What is durable of a logged volume's running, beside its log.
 *
 * @param tail name of the shared memory
 * @param bootId life of the machine in which that memory was made
 * @param tailBlocks how far behind the end of the log a lost future can reach (rule L5)
 * @param closed stopped cleanly: everything is on the data device, the tail means nothing
 */
record LogState(String tail, String bootId, int tailBlocks, boolean closed) {
  LogState asClosed() {
    return new LogState(tail, bootId, tailBlocks, true);
  }
}
