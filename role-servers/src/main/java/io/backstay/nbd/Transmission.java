package io.backstay.nbd;

import io.backstay.net.Reasons;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to an export after its negotiation: requests in, answers out. This is the path that
 * every read and write takes, and it reads downwards in the order in which things happen; all of it
 * is on the event loop of the export.
 *
 * <p><b>In.</b> {@link #channelRead} gets what one read of the socket gave: many small requests, or
 * a piece of a large one. Requests are cut out of it; the payload of a write is not copied, the
 * pieces are retained and handed over as they lie in memory.
 *
 * <p><b>Over.</b> {@link #handOver} lets the export do it. The export either has done it when the
 * call returns, or keeps the request and answers later from a thread of its own ({@link
 * LateAnswers}).
 *
 * <p><b>Out.</b> Answers are put side by side ({@link ReplyMemory}) and sent once per batch: {@link
 * #channelReadComplete} for what was done at once, {@link #settle} for the rest.
 *
 * <p><b>Limits.</b> After each batch {@link Intake} decides whether the socket is read on.
 */
final class Transmission extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Transmission.class);

  /** A refused write of up to this size is read over; behind a longer one the connection ends. */
  private static final long REFUSED_BYTES_MAX = 2L * NbdLimits.REQUEST_BYTES_MAX;

  private static final long LINGER_SECONDS = 5;

  private final ServedExport served;
  private final Export export;
  private final Client client;
  private final Verdict.Terms terms;
  private final Answers answers;
  private final ExportMeters meters;
  private final Intake intake;

  /** The beginning of a request that was cut between two reads of the socket. */
  private final ByteBuf beginning = Unpooled.buffer(Protocol.REQUEST_BYTES);

  private final RefusedWrite refused = new RefusedWrite();

  private ChannelHandlerContext context;

  /** A write whose payload is not complete, else null. */
  private Request writing;

  /** Serves the next request; null when the last one was kept by the export. */
  private Request spare;

  /** What was read and not taken yet, because too much waits for answers. */
  private ByteBuf held = Unpooled.EMPTY_BUFFER;

  private boolean wrote;
  private boolean handedOver;
  private boolean leaving;
  private boolean over;

  Transmission(ServedExport served, Client client, Verdict.Terms terms, Intake intake) {
    this.served = served;
    this.export = served.export();
    this.client = client;
    this.terms = terms;
    this.answers = new Answers(served.loop().replies(), intake.inFlight(), terms.structured());
    this.meters = served.meters();
    this.intake = intake;
  }

  // ---- in

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) throws BadClientException {
    ByteBuf in = (ByteBuf) message;
    if (over) in.release();
    else if (holds()) held = Unpooled.wrappedBuffer(held, in);
    else takeAll(in);
  }

  /** Takes what was read, until no further request may begin; the rest is held. */
  private void takeAll(ByteBuf in) throws BadClientException {
    held = Unpooled.EMPTY_BUFFER;
    meters.lookAtClock();
    try {
      while (in.isReadable() && !leaving && !over && (middle() || !intake.full())) take(in);
      if (in.isReadable() && !leaving && !over) held = in.retain();
    } finally {
      in.release();
    }
    intake.took(writing, middle());
  }

  boolean holds() {
    return held.isReadable();
  }

  /** Takes what is held: there is room again. */
  void goOn() {
    if (over) return;
    try {
      takeAll(held);
      channelReadComplete(context);
    } catch (BadClientException | RuntimeException e) {
      exceptionCaught(context, e);
    }
  }

  private void take(ByteBuf in) throws BadClientException {
    if (refused.isUnderWay()) {
      refused.take(in, answers);
    } else if (writing != null) {
      writing.receive(in);
      if (writing.missingBytes == 0) written();
    } else if (beginning.isReadable() || in.readableBytes() < Protocol.REQUEST_BYTES) {
      in.readBytes(beginning, Math.min(in.readableBytes(), beginning.writableBytes()));
      if (beginning.isWritable()) return;
      request(beginning);
      beginning.clear();
    } else {
      request(in);
    }
  }

  private void request(ByteBuf head) throws BadClientException {
    int magic = head.readInt();
    if (magic != Protocol.REQUEST_MAGIC) {
      throw new BadClientException("no request begins with %08x".formatted(magic));
    }
    Request request = spare == null ? new Request(this) : spare;
    spare = null;
    request.flags = head.readUnsignedShort();
    request.command = head.readUnsignedShort();
    request.cookie = head.readLong();
    request.offset = head.readLong();
    request.lengthBytes = head.readUnsignedInt();
    if (request.command == Protocol.DISCONNECT) {
      leaving = true;
      return;
    }
    Verdict verdict = Verdict.of(request, export, terms);
    if (verdict != Verdict.GOOD) {
      refuse(request, verdict);
    } else if (request.command == Protocol.WRITE) {
      request.missingBytes = (int) request.lengthBytes;
      writing = request;
    } else {
      handOver(request);
    }
  }

  private void refuse(Request request, Verdict verdict) throws BadClientException {
    if (request.command == Protocol.WRITE && request.lengthBytes > 0) {
      if (request.lengthBytes > REFUSED_BYTES_MAX) {
        throw new BadClientException("a write of " + request.lengthBytes + " bytes");
      }
      refused.begin(request, verdict);
    } else {
      answers.failed(request.cookie, verdict.errno, verdict.text);
    }
    meters.refused();
    spare = request;
  }

  private void written() {
    Request request = writing;
    writing = null;
    intake.received(request);
    handOver(request);
  }

  // ---- over

  private void handOver(Request request) {
    handedOver = true;
    meters.asked(request);
    try {
      ask(request);
    } catch (RuntimeException e) {
      request.release();
      throw e;
    }
  }

  private void ask(Request request) {
    switch (request.command) {
      case Protocol.READ -> read(request);
      case Protocol.BLOCK_STATUS -> extents(request);
      // Everything is where it is read from already.
      case Protocol.CACHE -> answered(request, Export.DONE);
      case Protocol.FLUSH -> answered(request, export.flush(request));
      default -> change(request);
    }
  }

  private void change(Request request) {
    if (!wrote) {
      wrote = true;
      served.firstWriteOf(this);
    }
    boolean durable = (request.flags & Protocol.FLAG_FUA) != 0 || served.durableFor(client);
    long offset = request.offset;
    long length = request.lengthBytes;
    answered(
        request,
        switch (request.command) {
          case Protocol.WRITE ->
              export.write(offset, request.payload(), (int) length, durable, request);
          case Protocol.TRIM -> export.trim(offset, length, durable, request);
          case Protocol.WRITE_ZEROES ->
              export.zeroes(
                  offset,
                  length,
                  (request.flags & Protocol.FLAG_NO_HOLE) != 0,
                  (request.flags & Protocol.FLAG_FAST_ZERO) != 0,
                  durable,
                  request);
          default -> throw new IllegalStateException("command " + request.command);
        });
  }

  /** What the export said of a request that is answered by a cookie and an error. */
  private void answered(Request request, int result) {
    if (result == Export.LATER) {
      kept(request);
      return;
    }
    answers.result(request.cookie, result);
    request.release();
    finished(request, result);
  }

  private void finished(Request request, int result) {
    meters.answeredAtOnce(request, result);
    spare = request;
  }

  private void kept(Request request) {
    intake.kept(request);
    served.kept();
  }

  private void read(Request request) {
    int bytes = (int) request.lengthBytes;
    int head = answers.headBytes();
    ByteBuf room = answers.room(head + bytes);
    ByteBuffer into = room.nioBuffer(room.writerIndex() + head, bytes);
    int result = export.read(request.offset, into, request);
    if (result == Export.LATER) {
      request.reply = answers.keep(room, head + bytes);
      kept(request);
      return;
    }
    if (result == Export.DONE) {
      answers.read(request, room, head + bytes);
    } else {
      if (answers.isLarge(head + bytes)) room.release();
      answers.result(request.cookie, result);
    }
    finished(request, result);
  }

  private void extents(Request request) {
    ExtentList list = ExtentList.of(request);
    int result = export.extents(request.offset, request.lengthBytes, list, request);
    if (result == Export.LATER) {
      request.extents = list;
      kept(request);
      return;
    }
    answers.extents(request.cookie, result, list);
    finished(request, result);
  }

  // ---- out

  /** The end of a batch. */
  @Override
  public void channelReadComplete(ChannelHandlerContext from) {
    tellCaughtUp();
    settle();
  }

  private void tellCaughtUp() {
    if (handedOver) export.caughtUp();
    handedOver = false;
    meters.batchOver();
  }

  void settle() {
    answers.flush();
    if (over) return;
    if (leaving && intake.nothingKept()) leaveNow();
    else intake.decide();
  }

  /** From any thread, by way of the request. */
  void late(Request request) {
    served.late().put(request);
  }

  /** False if there is nothing to send, because the connection is gone. */
  boolean answerLate(Request request) {
    intake.givenBack(request);
    meters.answeredLate(request);
    boolean sends = !over;
    if (sends) answers.late(request);
    request.release();
    served.givenBack();
    return sends;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext from) {
    if (!over) intake.decide();
  }

  // ---- beginning and end

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    answers.begin(added);
    intake.begin(added.channel(), this);
  }

  /** No more requests; closes when the last one was answered. */
  void leave() {
    if (over || leaving) return;
    leaving = true;
    settle();
  }

  private void leaveNow() {
    over();
    context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    // A client that does not take its last answers is not waited for.
    context.executor().schedule(() -> context.close(), LINGER_SECONDS, TimeUnit.SECONDS);
  }

  /** Ends the connection at once: nothing that it sent and that was not handed over will be. */
  void cut(String reason) {
    if (over) return;
    LOG.warn("connection of {} to {} closed: {}", client.name(), export.name(), reason);
    over();
    answers.flush();
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    if (middle()) cut("it ended in the middle of a request");
    over();
  }

  private boolean middle() {
    return writing != null || refused.isUnderWay() || beginning.isReadable();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    boolean ours = cause instanceof RuntimeException && !(cause instanceof DecoderException);
    if (ours) LOG.error("while serving {} to {}", export.name(), client.name(), cause);
    cut(Reasons.of(cause));
  }

  private void over() {
    if (over) return;
    over = true;
    tellCaughtUp();
    if (writing != null) {
      intake.received(writing);
      writing.release();
      writing = null;
    }
    held.release();
    held = Unpooled.EMPTY_BUFFER;
    intake.end();
    served.left(this);
  }

  Client client() {
    return client;
  }

  Intake intake() {
    return intake;
  }
}
