package io.backstay.net;

import io.backstay.seam.Time;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.Payload;
import io.backstay.wire.Peer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loop's half of an authenticated connection.
 *
 * <p><b>Reading.</b> The socket is read on request only. Bytes that were read but cannot become
 * frames yet, because the queue is full or there is no memory for a payload, wait in {@code
 * unread}: at most what one read of the socket gave.
 *
 * <p><b>End.</b> What cannot be understood ends this connection, with one line in the log that
 * names peer and reason (rule K7), and nothing else. When the peer ends it, all frames that arrived
 * are still handed up.
 */
final class Connection extends ChannelInboundHandlerAdapter implements NettyChannel.Wire {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

  /** A payload is handed to TLS in such pieces, each of which counts as sent on its own. */
  private static final int PIECE_BYTES = 256 * 1024;

  private final Channel socket;
  private final String remote;
  private final PayloadMemory memory;
  private final NettyChannel channel;
  private final Heartbeat heartbeat;
  private final FrameReader reader = new FrameReader(this::payloadBuffer);
  private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();
  private final AtomicInteger payloadsHeld = new AtomicInteger();
  private Optional<String> ending = Optional.empty();
  private boolean starved;
  private boolean over;

  Connection(Channel socket, Peer peer, PayloadMemory memory, Limits limits, Time time) {
    this.socket = socket;
    this.remote = HostPort.text(socket.remoteAddress());
    this.memory = memory;
    this.channel = new NettyChannel(peer, this, limits);
    this.heartbeat = new Heartbeat(time, limits.silence(), this::ping, this::fail);
  }

  NettyChannel channel() {
    return channel;
  }

  /** Takes over the socket, whose handshake is complete. */
  void start() {
    socket.config().setAutoRead(false);
    heartbeat.start(socket.eventLoop());
    readMore();
  }

  // ---- bytes to frames

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    heartbeat.heard();
    unread.add((ByteBuf) message);
    if (over) discard();
    else drain();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    readMore();
  }

  @Override
  public void readOn() {
    onLoop(this::goOn);
  }

  /** Runs it on the event loop; not at all when that is over, as everything is then. */
  private void onLoop(Runnable task) {
    try {
      socket.eventLoop().execute(task);
    } catch (RejectedExecutionException networkIsClosed) {
      LOG.debug("{} after the network was closed", who());
    }
  }

  private void goOn() {
    drain();
    readMore();
  }

  private void readMore() {
    if (over || ending.isPresent()) return;
    if (mayRead()) {
      heartbeat.listen();
      socket.read();
    } else {
      heartbeat.rest();
    }
  }

  private boolean mayRead() {
    return !starved && !channel.full();
  }

  /** Makes frames of what was read, until it is used up or there is no room for more. */
  private void drain() {
    try {
      while (!over && mayRead()) {
        ByteBuf in = unread.isEmpty() ? Unpooled.EMPTY_BUFFER : unread.peek();
        Optional<Arrival> arrival = reader.read(in);
        if (!in.isReadable() && !unread.isEmpty()) unread.remove().release();
        if (arrival.isPresent()) channel.offer(arrival.get());
        else if (unread.isEmpty()) break;
      }
      if (ending.isPresent() && unread.isEmpty()) finish(ending.get());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      fail(Reasons.of(e));
    }
  }

  private Optional<PayloadMemory.Lease> payloadBuffer(int bytes) {
    PayloadMemory.Claim claim =
        payloadsHeld.get() == 0 ? PayloadMemory.Claim.FIRST : PayloadMemory.Claim.FURTHER;
    Optional<PayloadMemory.Lease> taken = memory.take(bytes, claim, this::memoryIsFree);
    starved = taken.isEmpty();
    return taken.map(this::counted);
  }

  private PayloadMemory.Lease counted(PayloadMemory.Lease lease) {
    payloadsHeld.incrementAndGet();
    return new PayloadMemory.Lease(
        lease.buffer(),
        () -> {
          payloadsHeld.decrementAndGet();
          lease.release().run();
        });
  }

  private void memoryIsFree() {
    onLoop(() -> {
      starved = false;
      goOn();
    });
  }

  // ---- frames to bytes

  @Override
  public void write(ByteBuffer prefix, Payload payload) {
    socket.eventLoop().execute(() -> writeNow(prefix, payload));
  }

  private void writeNow(ByteBuffer prefix, Payload payload) {
    heartbeat.sent();
    ByteBuffer bytes = payload.bytes();
    int pieces = 1 + (bytes.remaining() + PIECE_BYTES - 1) / PIECE_BYTES;
    Departure departure = new Departure(payload, pieces);
    departure.write(prefix);
    while (bytes.hasRemaining()) {
      int piece = Math.min(PIECE_BYTES, bytes.remaining());
      departure.write(bytes.slice(bytes.position(), piece));
      bytes.position(bytes.position() + piece);
    }
    socket.flush();
  }

  /** A frame on its way out: its payload is closed when the last of its pieces left, or is lost. */
  private final class Departure {
    private final Payload payload;
    private int piecesLeft;

    Departure(Payload payload, int pieces) {
      this.payload = payload;
      this.piecesLeft = pieces;
    }

    void write(ByteBuffer piece) {
      int bytes = piece.remaining();
      socket.write(Unpooled.wrappedBuffer(piece)).addListener(done -> left(bytes));
    }

    private void left(int bytes) {
      channel.left(bytes);
      if (--piecesLeft == 0) payload.close();
    }
  }

  private void ping() {
    // Bytes that wait to leave say that we live better than bytes behind them would.
    if (!socket.isWritable()) return;
    heartbeat.sent();
    socket.writeAndFlush(Unpooled.wrappedBuffer(FrameCodec.keepAlive()));
  }

  // ---- the end

  @Override
  public void close() {
    onLoop(() -> finish("closed on this side"));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslCloseCompletionEvent) endedByPeer("closed by the peer");
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    endedByPeer("cut, or the peer died");
  }

  private void endedByPeer(String reason) {
    if (over || ending.isPresent()) return;
    ending = Optional.of(named(reason));
    heartbeat.stop();
    drain();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (Reasons.isCut(cause)) endedByPeer(Reasons.of(cause));
    else fail(Reasons.of(cause));
  }

  /** Ends the connection because of what the peer did. */
  private void fail(String reason) {
    if (over) return;
    LOG.warn("connection with {} closed: {}", who(), reason);
    finish(named(reason));
  }

  private void finish(String reason) {
    if (over) return;
    if (!reader.betweenFrames() && ending.isPresent()) {
      LOG.warn("connection with {} ended in the middle of a frame: {}", who(), reason);
    }
    over = true;
    heartbeat.stop();
    discard();
    reader.close();
    channel.end(reason);
    socket.close();
  }

  private void discard() {
    while (!unread.isEmpty()) unread.remove().release();
  }

  private String named(String reason) {
    return "connection with " + who() + ": " + reason;
  }

  private String who() {
    return channel.peer().name() + " at " + remote;
  }
}
