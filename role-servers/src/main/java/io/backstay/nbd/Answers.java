package io.backstay.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;

/**
 * The answers of one connection, as bytes: simple replies, or chunks where the client understands
 * them. They gather in the {@link ReplyMemory} of the event loop and leave with {@link #flush}.
 */
final class Answers {
  private static final int OFFSET_BYTES = 8;
  private static final int ERROR_BYTES = 6;
  private static final int CONTEXT_BYTES = 4;

  private final ReplyMemory memory;
  private final InFlight inFlight;
  private final boolean structured;
  private ChannelHandlerContext context;
  private boolean unflushed;

  Answers(ReplyMemory memory, InFlight inFlight, boolean structured) {
    this.memory = memory;
    this.inFlight = inFlight;
    this.structured = structured;
  }

  void begin(ChannelHandlerContext to) {
    context = to;
  }

  // ---- without bytes of the volume

  /** To anything but a read or a question for extents. */
  void result(long cookie, int errno) {
    if (errno == Export.DONE) simple(0, cookie);
    else failed(cookie, errno, "the volume could not do it");
  }

  private void simple(int errno, long cookie) {
    ByteBuf out = memory.room(this, Protocol.SIMPLE_BYTES);
    out.writeInt(Protocol.SIMPLE_MAGIC).writeInt(errno).writeLong(cookie);
  }

  void failed(long cookie, int errno, String text) {
    if (!structured) {
      simple(errno, cookie);
      return;
    }
    byte[] message = text.getBytes(StandardCharsets.UTF_8);
    int bytes = ERROR_BYTES + message.length;
    ByteBuf out = memory.room(this, Protocol.CHUNK_BYTES + bytes);
    chunk(out, Protocol.CHUNK_ERROR, cookie, bytes);
    out.writeInt(errno).writeShort(message.length).writeBytes(message);
  }

  void extents(long cookie, int errno, ExtentList extents) {
    if (errno != Export.DONE) {
      result(cookie, errno);
      return;
    }
    extents.end();
    int bytes = CONTEXT_BYTES + extents.sizeBytes();
    ByteBuf out = memory.room(this, Protocol.CHUNK_BYTES + bytes);
    chunk(out, Protocol.CHUNK_BLOCK_STATUS, cookie, bytes);
    out.writeInt(Protocol.BASE_ALLOCATION_ID);
    extents.write(out);
  }

  private static void chunk(ByteBuf out, int type, long cookie, int bytes) {
    out.writeInt(Protocol.CHUNK_MAGIC).writeShort(Protocol.CHUNK_DONE).writeShort(type);
    out.writeLong(cookie).writeInt(bytes);
  }

  // ---- with them

  /** What stands before the bytes that were read. */
  int headBytes() {
    return structured ? Protocol.CHUNK_BYTES + OFFSET_BYTES : Protocol.SIMPLE_BYTES;
  }

  /** Whether an answer is so large that it gets a buffer of its own. */
  boolean isLarge(int answerBytes) {
    return answerBytes > ReplyMemory.ANSWER_BYTES_MAX;
  }

  /** Room for an answer, behind the writer index of what is returned. */
  ByteBuf room(int answerBytes) {
    return isLarge(answerBytes)
        ? context.alloc().directBuffer(answerBytes)
        : memory.room(this, answerBytes);
  }

  /** Keeps that room for later. */
  ByteBuf keep(ByteBuf room, int answerBytes) {
    return isLarge(answerBytes) ? room.writerIndex(answerBytes) : memory.keep(answerBytes);
  }

  /** The bytes lie in the room already. */
  void read(Request request, ByteBuf room, int answerBytes) {
    int end = room.writerIndex() + answerBytes;
    writeReadHead(room, request);
    room.writerIndex(end);
    if (!isLarge(answerBytes)) return;
    writeLarge(room);
    // The client takes it while the next one is read, and it is still in the processor's caches.
    flush();
  }

  /** The same for room that was kept. */
  void read(Request request, ByteBuf kept) {
    int end = kept.writerIndex();
    writeReadHead(kept.writerIndex(0), request);
    kept.writerIndex(end);
    if (isLarge(end)) writeLarge(kept);
    else writeBehindOthers(kept);
  }

  private void writeReadHead(ByteBuf out, Request request) {
    if (structured) {
      int bytes = OFFSET_BYTES + (int) request.lengthBytes;
      chunk(out, Protocol.CHUNK_OFFSET_DATA, request.cookie, bytes);
      out.writeLong(request.offset);
    } else {
      out.writeInt(Protocol.SIMPLE_MAGIC).writeInt(0).writeLong(request.cookie);
    }
  }

  /** Counts until the socket has taken it, since a few of them fill the memory that there is. */
  private void writeLarge(ByteBuf answer) {
    int bytes = answer.readableBytes();
    memory.cut();
    unflushed = true;
    inFlight.add(bytes);
    context.write(answer).addListener(sent -> inFlight.subtract(bytes));
  }

  private void writeBehindOthers(ByteBuf answer) {
    memory.cut();
    write(answer);
  }

  /** To a request that was kept, whatever it asked for. */
  void late(Request request) {
    if (request.command == Protocol.BLOCK_STATUS) {
      extents(request.cookie, request.error, request.extents);
    } else if (request.command == Protocol.READ && request.error == Export.DONE) {
      read(request, request.reply);
      request.reply = null;
    } else {
      result(request.cookie, request.error);
    }
  }

  // ---- sending

  /** To the socket's queue; for {@link ReplyMemory} too. */
  void write(ByteBuf answers) {
    unflushed = true;
    context.write(answers, context.voidPromise());
  }

  void flush() {
    memory.cut();
    if (unflushed) context.flush();
    unflushed = false;
    memory.flushed();
  }
}
