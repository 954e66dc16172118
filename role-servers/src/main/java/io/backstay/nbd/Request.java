package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A request on its way through the export, and where its answer goes. All but {@link #done} is for
 * the event loop. One that was answered at once serves its connection again; one that was answered
 * late never does, so that a second answer to it is noticed.
 */
final class Request implements Export.Answer {
  /** A write in more pieces than this is collected in one buffer instead. */
  private static final int PIECES_MAX = 256;

  final Transmission connection;
  int command;
  int flags;
  long cookie;
  long offset;

  /** Below 2^32. */
  long lengthBytes;

  /** What a write has not received yet. */
  int missingBytes;

  /** What the limits of bytes in flight know of this request. */
  long countedBytes;

  /** Where the bytes of a read that is answered late are being put, behind room for the head. */
  ByteBuf reply;

  /** Where the extents of a range go that are told late. */
  ExtentList extents;

  /** The next one in the queue of late answers. */
  Request next;

  /** When it was handed over, by {@link ExportMeters}. */
  long askedNanos;

  int error;
  private final AtomicBoolean answered = new AtomicBoolean();
  private final List<ByteBuf> pieces = new ArrayList<>(1);
  private final List<ByteBuffer> payload = new ArrayList<>(1);

  Request(Transmission connection) {
    this.connection = connection;
  }

  /** Takes what there is of the payload; it stays where it was received. */
  void receive(ByteBuf in) {
    int bytes = Math.min(in.readableBytes(), missingBytes);
    if (pieces.size() < PIECES_MAX) {
      pieces.add(in.readRetainedSlice(bytes));
    } else {
      if (pieces.size() == PIECES_MAX) pieces.add(in.alloc().directBuffer(missingBytes));
      pieces.getLast().writeBytes(in, bytes);
    }
    missingBytes -= bytes;
  }

  List<ByteBuffer> payload() {
    for (ByteBuf piece : pieces) payload.add(piece.nioBuffer());
    return payload;
  }

  /** Gives the memory of the request back. */
  void release() {
    for (ByteBuf piece : pieces) piece.release();
    pieces.clear();
    payload.clear();
    if (reply != null) reply.release();
    reply = null;
    extents = null;
  }

  @Override
  public void done(int error) {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException("the export answered command " + command + " twice");
    }
    this.error = error;
    connection.late(this);
  }
}
