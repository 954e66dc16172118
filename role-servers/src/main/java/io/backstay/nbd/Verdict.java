package io.backstay.nbd;

/** What is wrong with a request, before the export sees it. */
enum Verdict {
  GOOD(0, ""),
  UNKNOWN_COMMAND(Errno.EINVAL, "there is no such command"),
  UNKNOWN_FLAGS(Errno.EINVAL, "these flags do not go with this command"),
  NO_CONTEXT(Errno.EINVAL, "base:allocation was not negotiated"),
  NOT_EMPTY(Errno.EINVAL, "a flush has neither offset nor length"),
  EMPTY(Errno.EINVAL, "it is about 0 bytes"),
  TOO_LONG(Errno.EINVAL, "it is longer than the block size constraints allow"),
  MISALIGNED(Errno.EINVAL, "offset and length are multiples of the smallest block size"),
  OUTSIDE(Errno.EINVAL, "it reaches beyond the end of the export"),
  NO_SPACE(Errno.ENOSPC, "it reaches beyond the end of the export"),
  READ_ONLY(Errno.EPERM, "the export is read-only");

  final int errno;
  final String text;

  Verdict(int errno, String text) {
    this.errno = errno;
    this.text = text;
  }

  /** What was agreed on in the negotiation and decides what a client may ask. */
  record Terms(boolean structured, boolean extents, int requestBytesMax) {}

  static Verdict of(Request request, Export export, Terms terms) {
    int command = request.command;
    if (command > Protocol.BLOCK_STATUS || command < 0) return UNKNOWN_COMMAND;
    if ((request.flags & ~flagsOf(command, terms)) != 0) return UNKNOWN_FLAGS;
    if (command == Protocol.FLUSH) {
      return request.offset == 0 && request.lengthBytes == 0 ? GOOD : NOT_EMPTY;
    }
    boolean writes =
        command == Protocol.WRITE || command == Protocol.TRIM || command == Protocol.WRITE_ZEROES;
    if (writes && export.readOnly()) return READ_ONLY;
    if (command == Protocol.BLOCK_STATUS && !terms.extents) return NO_CONTEXT;
    boolean carries = command == Protocol.READ || command == Protocol.WRITE;
    if (carries && request.lengthBytes > terms.requestBytesMax) return TOO_LONG;
    return ofRange(request, export);
  }

  private static Verdict ofRange(Request request, Export export) {
    long offset = request.offset;
    long length = request.lengthBytes;
    if (length == 0) return EMPTY;
    long size = export.sizeBytes();
    // Offsets of 2^63 and more are negative here.
    if (offset < 0 || offset > size || length > size - offset) {
      boolean fills = request.command == Protocol.WRITE || request.command == Protocol.WRITE_ZEROES;
      return fills ? NO_SPACE : OUTSIDE;
    }
    int block = export.blockBytesMin();
    return offset % block == 0 && length % block == 0 ? GOOD : MISALIGNED;
  }

  private static int flagsOf(int command, Terms terms) {
    return Protocol.FLAG_FUA
        | switch (command) {
          case Protocol.READ -> terms.structured ? Protocol.FLAG_DF : 0;
          case Protocol.WRITE_ZEROES -> Protocol.FLAG_NO_HOLE | Protocol.FLAG_FAST_ZERO;
          case Protocol.BLOCK_STATUS -> Protocol.FLAG_REQ_ONE;
          default -> 0;
        };
  }
}
