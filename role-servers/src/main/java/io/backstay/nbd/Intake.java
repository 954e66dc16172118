package io.backstay.nbd;

import io.backstay.seam.Time;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether one connection's socket is read: not while too much of it waits for answers (the limits),
 * and to the last byte when a newer connection asks for it (rule L8).
 */
final class Intake {
  /** Whoever stops in the middle of a request while others wait for it is cut after this. */
  private static final long STALLED_NANOS_MAX = Duration.ofSeconds(5).toNanos();

  private static final long UNTAKEN = 4;
  private static final int READ_BYTES = 64 * 1024;
  private static final int NOTHING = 0;

  private final NbdLimits limits;
  private final InFlight inFlight;
  private final Loop loop;
  private final Time time;
  private final List<Runnable> drained = new ArrayList<>();
  private Channel socket;
  private Transmission connection;
  private long keptBytes;
  private int keptRequests;
  private boolean middle;
  private long progressNanos;
  private long unsentBytesSeen;
  private boolean paused;
  private boolean draining;
  private boolean waiting;
  private boolean taking;
  private boolean over;

  Intake(NbdLimits limits, InFlight inFlight, Loop loop, Time time) {
    this.limits = limits;
    this.inFlight = inFlight;
    this.loop = loop;
    this.time = time;
  }

  InFlight inFlight() {
    return inFlight;
  }

  void begin(Channel channel, Transmission of) {
    socket = channel;
    connection = of;
  }

  // ---- what is in flight

  /** The export keeps the request and its memory until it answers. */
  void kept(Request request) {
    keptRequests++;
    boolean carries = request.command == Protocol.READ || request.command == Protocol.WRITE;
    count(request, carries ? request.lengthBytes : NOTHING);
    keptBytes += request.countedBytes;
  }

  void givenBack(Request request) {
    keptRequests--;
    keptBytes -= request.countedBytes;
    count(request, NOTHING);
  }

  /** A write is complete, or will never be. */
  void received(Request request) {
    if (request.countedBytes == 0) return;
    count(request, NOTHING);
    inFlight.finished(connection);
  }

  private void count(Request request, long bytes) {
    long more = bytes - request.countedBytes;
    request.countedBytes = bytes;
    if (more > 0) inFlight.add(more);
    if (more < 0) inFlight.subtract(-more);
  }

  boolean nothingKept() {
    return keptRequests == 0;
  }

  // ---- reading on

  /**
   * After a piece of what the client sent. Stops reading in the middle of a batch if need be;
   * whether to go on is decided when it ends.
   *
   * @param writing the write whose payload is not complete, or null
   * @param inTheMiddle of any request
   */
  void took(Request writing, boolean inTheMiddle) {
    if (over) return;
    middle = inTheMiddle;
    if (writing != null) count(writing, writing.lengthBytes - writing.missingBytes);
    if (middle) progressNanos = time.nanos();
    if (!paused && (connection.holds() || mustWait())) pause(true);
  }

  private void pause(boolean wait) {
    paused = wait;
    progressNanos = time.nanos();
    socket.config().setAutoRead(!wait);
  }

  /** Reads on, or stops reading. */
  void decide() {
    boolean wait = mustWait();
    if (!wait && connection.holds()) {
      wait = true;
      takeWhatIsHeld();
    }
    if (wait != paused) pause(wait);
    if (!wait && !drained.isEmpty() && !draining) drain();
  }

  /** Not within {@link #decide}, so that a long row of such requests is none of nested calls. */
  private void takeWhatIsHeld() {
    if (taking) return;
    taking = true;
    loop.events()
        .execute(() -> {
          taking = false;
          connection.goOn();
        });
  }

  /** Whether no further request may begin. */
  boolean full() {
    return keptTooMuch() || !socket.isWritable() || inFlight.full();
  }

  private boolean keptTooMuch() {
    return keptBytes >= limits.connectionBytes() || keptRequests >= limits.connectionRequests();
  }

  private boolean mustWait() {
    if (keptTooMuch() || unsent()) return true;
    // Whoever waits for answers gets room by them.
    boolean mayOverdraw = middle && nothingKept();
    boolean room = mayOverdraw ? inFlight.mayFinish(connection) : !inFlight.full();
    return !room && waitForOthers();
  }

  /**
   * Whether the client leaves too many answers untaken. It may send the whole of a write before it
   * takes any, and would never come to it if we did not read on, so there the limit is a wider one.
   */
  private boolean unsent() {
    if (socket.isWritable()) return false;
    ChannelOutboundBuffer out = socket.unsafe().outboundBuffer();
    return !middle || out == null || out.totalPendingWriteBytes() >= UNTAKEN * limits.unsentBytes();
  }

  private boolean waitForOthers() {
    if (waiting) return true;
    waiting = true;
    Runnable wake = () -> loop.events().execute(this::othersWentOn);
    if (middle) inFlight.whenMayFinish(wake);
    else inFlight.whenNotFull(wake);
    return true;
  }

  private void othersWentOn() {
    waiting = false;
    if (!over) decide();
  }

  // ---- rule L8: reading all that was sent

  /** Runs it once the socket was read until it would block between two requests, or closed. */
  void whenDrained(Runnable task) {
    if (over) {
      task.run();
      return;
    }
    drained.add(task);
    progressNanos = time.nanos();
    if (!paused && !draining) drain();
  }

  /**
   * Reads until a whole pass finds nothing: between two passes the event loop comes round, and what
   * the kernel held back while the socket was full has arrived. In the middle of a request the rest
   * of it is waited for.
   */
  private void drain() {
    draining = true;
    boolean found = readAll();
    draining = false;
    if (over || paused) return;
    if (found) {
      draining = true;
      loop.events().execute(this::drainOn);
    } else if (!middle) {
      allDrained();
    }
  }

  private void drainOn() {
    draining = false;
    if (!over && !paused && !drained.isEmpty()) drain();
  }

  /** True if anything was there. */
  private boolean readAll() {
    boolean encrypted = socket.pipeline().get(SslHandler.class) != null;
    boolean found = false;
    while (!over && !paused && socket.isActive()) {
      // TLS may write behind the bytes that it gets, so it gets a buffer of its own.
      ByteBuf room = encrypted ? socket.alloc().directBuffer(READ_BYTES) : loop.reads().room();
      int bytes = readInto(room);
      if (bytes <= 0) {
        room.release();
        if (bytes < 0) socket.close();
        return found;
      }
      found = true;
      if (!encrypted) loop.reads().filled(bytes);
      socket.pipeline().fireChannelRead(room.writerIndex(bytes));
      socket.pipeline().fireChannelReadComplete();
    }
    return found;
  }

  /** How many bytes; 0 if it would block, -1 at the end. */
  private int readInto(ByteBuf room) {
    try {
      return socket instanceof UnixChannel unix
          ? unix.fd().readAddress(room.memoryAddress(), 0, room.capacity())
          : 0;
    } catch (IOException e) {
      return -1;
    }
  }

  private void allDrained() {
    List<Runnable> tasks = List.copyOf(drained);
    drained.clear();
    tasks.forEach(Runnable::run);
  }

  /** Cuts a connection that others wait for and whose client goes neither on nor away. */
  void watch() {
    boolean stopped = middle && !paused;
    boolean deaf = paused && !socket.isWritable();
    long unsentBytes = socket.bytesBeforeWritable();
    if (unsentBytes < unsentBytesSeen) progressNanos = time.nanos();
    unsentBytesSeen = unsentBytes;
    boolean waitedFor = !drained.isEmpty() || inFlight.waitedFor();
    if (over || !waitedFor || !stopped && !deaf) return;
    if (time.nanos() - progressNanos < STALLED_NANOS_MAX) return;
    String found =
        stopped ? "it stopped in the middle of a request" : "it does not take its answers";
    connection.cut(found + " and others wait for it");
  }

  void end() {
    over = true;
    inFlight.finished(connection);
    allDrained();
  }
}
