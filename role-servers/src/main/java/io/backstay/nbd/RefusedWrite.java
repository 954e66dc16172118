package io.backstay.nbd;

import io.netty.buffer.ByteBuf;

/**
 * A write that is refused, while its payload is read over. It is answered behind that: a client
 * that still sends may take an answer for one that nobody asked for, as libnbd does.
 */
final class RefusedWrite {
  private long bytesLeft;
  private long cookie;
  private Verdict verdict = Verdict.GOOD;

  void begin(Request request, Verdict why) {
    bytesLeft = request.lengthBytes;
    cookie = request.cookie;
    verdict = why;
  }

  boolean isUnderWay() {
    return bytesLeft > 0;
  }

  /** Reads over what is there; answers after the last byte. */
  void take(ByteBuf in, Answers answers) {
    int bytes = (int) Math.min(in.readableBytes(), bytesLeft);
    in.skipBytes(bytes);
    bytesLeft -= bytes;
    if (bytesLeft == 0) answers.failed(cookie, verdict.errno, verdict.text);
  }
}
