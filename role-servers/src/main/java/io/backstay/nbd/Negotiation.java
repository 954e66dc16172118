package io.backstay.nbd;

import io.backstay.authority.Subject;
import io.backstay.net.Reasons;
import io.backstay.net.TlsContexts;
import io.backstay.seam.Time;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection from its first byte to the export of its choice: fixed newstyle negotiation. It ends
 * in a {@link Transmission} on the event loop of the export, or in a closed socket and one line in
 * the log.
 */
final class Negotiation extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Negotiation.class);

  /** What a client may send before it has the answer to what it sent before. */
  private static final int AHEAD_BYTES_MAX = 512 * 1024;

  private final Entrance entrance;
  private final NbdLimits limits;
  private final InFlight inFlight;
  private final Time time;
  private final SocketReads reads;
  private final Options options;
  private final long deadlineNanos;
  private Client client;
  private ChannelHandlerContext context;
  private ByteBuf unread;
  private volatile State state = State.FLAGS;
  private boolean zeroes = true;
  private int optionsSeen;

  private enum State {
    /** The client's flags are awaited. */
    FLAGS,
    OPTIONS,
    HANDSHAKE,
    /** An export was found; it lets the client in, or the socket is on its way to its loop. */
    ENTERING,
    OVER
  }

  Negotiation(
      Entrance entrance,
      Client client,
      NbdLimits limits,
      InFlight inFlight,
      SocketReads reads,
      Time time) {
    this.entrance = entrance;
    this.client = client;
    this.limits = limits;
    this.inFlight = inFlight;
    this.time = time;
    this.reads = reads;
    this.options = new Options(entrance, limits);
    this.deadlineNanos = time.nanos() + limits.negotiation().toNanos();
  }

  // ---- greeting

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    unread = added.alloc().buffer();
  }

  @Override
  public void channelActive(ChannelHandlerContext active) {
    greet();
  }

  private void greet() {
    ByteBuf out = context.alloc().buffer();
    out.writeLong(Protocol.GREETING_MAGIC).writeLong(Protocol.OPTION_MAGIC);
    out.writeShort(Protocol.FIXED_NEWSTYLE | Protocol.NO_ZEROES);
    context.writeAndFlush(out);
  }

  // ---- what the client says

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) throws BadClientException {
    ByteBuf in = (ByteBuf) message;
    try {
      if (state == State.OVER) return;
      // What follows the choice of an export are requests, which wait for their turn.
      if (unread.readableBytes() + in.readableBytes() > limits.optionBytes() + AHEAD_BYTES_MAX) {
        throw new BadClientException("it goes on without waiting for answers");
      }
      unread.writeBytes(in);
    } finally {
      in.release();
    }
    while (understood()) unread.discardSomeReadBytes();
  }

  /** Takes one thing that is there as a whole. */
  private boolean understood() throws BadClientException {
    return switch (state) {
      case FLAGS -> flags();
      case OPTIONS -> option();
      case HANDSHAKE, ENTERING, OVER -> false;
    };
  }

  private boolean flags() throws BadClientException {
    if (unread.readableBytes() < Integer.BYTES) return false;
    int flags = unread.readInt();
    if ((flags & ~(Protocol.FIXED_NEWSTYLE | Protocol.NO_ZEROES)) != 0) {
      throw new BadClientException("unknown handshake flags %08x".formatted(flags));
    }
    zeroes = (flags & Protocol.NO_ZEROES) == 0;
    state = State.OPTIONS;
    return true;
  }

  private boolean option() throws BadClientException {
    if (unread.readableBytes() < Protocol.OPTION_BYTES) return false;
    int start = unread.readerIndex();
    long magic = unread.getLong(start);
    if (magic != Protocol.OPTION_MAGIC) {
      throw new BadClientException("no option begins with %016x".formatted(magic));
    }
    long bytes = unread.getUnsignedInt(start + 12);
    if (bytes > limits.optionBytes()) {
      throw new BadClientException("an option of " + bytes + " bytes");
    }
    if (unread.readableBytes() < Protocol.OPTION_BYTES + bytes) return false;
    if (++optionsSeen > limits.options()) {
      throw new BadClientException("more than " + limits.options() + " options");
    }
    int option = unread.getInt(start + 8);
    unread.skipBytes(Protocol.OPTION_BYTES);
    ByteBuf out = context.alloc().buffer();
    boolean sends = false;
    try {
      answer(option, unread.readSlice((int) bytes), out);
      sends = out.isReadable();
    } finally {
      if (!sends) out.release();
    }
    if (sends) context.writeAndFlush(out);
    return true;
  }

  private void answer(int option, ByteBuf data, ByteBuf out) throws BadClientException {
    int bytes = data.readableBytes();
    boolean always = option == Protocol.OPT_STARTTLS || option == Protocol.OPT_ABORT;
    if (entrance.refusesPlain(client) && !always) {
      if (option == Protocol.OPT_EXPORT_NAME) throw new BadClientException("it did not begin TLS");
      Options.refuse(out, option, Protocol.REP_ERR_TLS_REQD, "begin TLS first");
      return;
    }
    switch (option) {
      case Protocol.OPT_EXPORT_NAME -> exportName(data);
      case Protocol.OPT_GO, Protocol.OPT_INFO -> chosen(option, data, out);
      case Protocol.OPT_LIST -> options.list(out, client, bytes);
      case Protocol.OPT_STRUCTURED_REPLY -> options.structuredReplies(out, bytes);
      case Protocol.OPT_LIST_META_CONTEXT, Protocol.OPT_SET_META_CONTEXT ->
          options.metaContexts(out, option, client, data);
      case Protocol.OPT_STARTTLS -> startTls(out, bytes);
      case Protocol.OPT_ABORT -> abort();
      default -> Options.refuse(out, option, Protocol.REP_ERR_UNSUP, "this option is not known");
    }
  }

  private void abort() {
    state = State.OVER;
    ByteBuf out = context.alloc().buffer();
    Options.acknowledge(out, Protocol.OPT_ABORT);
    context.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
  }

  // ---- TLS

  private void startTls(ByteBuf out, int bytes) throws BadClientException {
    int option = Protocol.OPT_STARTTLS;
    if (bytes != 0 || client.subject().isPresent()) {
      String reason = bytes != 0 ? "STARTTLS has no data" : "this is TLS already";
      Options.refuse(out, option, Protocol.REP_ERR_INVALID, reason);
    } else if (entrance.tls().isEmpty()) {
      Options.refuse(out, option, Protocol.REP_ERR_POLICY, "there is no TLS here");
    } else if (unread.isReadable()) {
      // Whoever sits between could have put it there, to be taken for a part of what is encrypted.
      throw new BadClientException("it did not wait for the answer to STARTTLS");
    } else {
      Options.acknowledge(out, option);
      context.writeAndFlush(out.retainedDuplicate());
      out.skipBytes(out.readableBytes());
      options.forget();
      state = State.HANDSHAKE;
      SslHandler tls = entrance.tls().get().contexts().forServer(context.alloc());
      context.pipeline().addFirst("tls", tls);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext from, Object event) throws Exception {
    if (!(event instanceof SslHandshakeCompletionEvent handshake) || state != State.HANDSHAKE) {
      return;
    }
    if (!handshake.isSuccess()) {
      close(Reasons.of(handshake.cause()));
      return;
    }
    client = client.with(subject());
    state = State.OPTIONS;
  }

  private Subject subject() throws CertificateException, SSLPeerUnverifiedException {
    SslHandler tls = context.pipeline().get(SslHandler.class);
    return TlsContexts.subject(tls, entrance.tls().orElseThrow().group());
  }

  // ---- the choice

  private void exportName(ByteBuf data) throws BadClientException {
    String name = data.toString(StandardCharsets.UTF_8);
    ByteBuf refusal = context.alloc().buffer();
    try {
      Optional<ServedExport> served = options.find(refusal, Protocol.OPT_EXPORT_NAME, client, name);
      if (served.isEmpty()) throw new BadClientException("it may not use export '" + name + "'");
      enter(served.get(), Protocol.OPT_EXPORT_NAME);
    } finally {
      refusal.release();
    }
  }

  private void chosen(int option, ByteBuf data, ByteBuf out) {
    options
        .infoRequest(out, option, data)
        .flatMap(name -> options.find(out, option, client, name))
        .ifPresent(served -> {
          if (option == Protocol.OPT_GO) enter(served, option);
          else options.tell(out, option, client, served);
        });
  }

  /** Moves the connection to the event loop of the export, where it waits to be let in. */
  private void enter(ServedExport served, int option) {
    state = State.ENTERING;
    Channel socket = context.channel();
    socket.config().setAutoRead(false);
    Entry entry = new Entry(served, option);
    if (socket.eventLoop().equals(served.loop().events())) {
      // Not before what is being read has been gone through.
      socket.eventLoop().execute(() -> served.enter(entry));
      return;
    }
    socket
        .deregister()
        .addListener(left ->
            served
                .loop()
                .events()
                .register(socket)
                .addListener(arrived -> {
                  if (arrived.isSuccess()) served.enter(entry);
                  else socket.close();
                }));
  }

  /** How this connection comes in, on the event loop of the export. */
  private final class Entry implements ServedExport.Newcomer {
    private final ServedExport served;
    private final int option;

    Entry(ServedExport served, int option) {
      this.served = served;
      this.option = option;
    }

    @Override
    public boolean stillThere() {
      return state == State.ENTERING && context.channel().isActive();
    }

    @Override
    public Transmission letIn() {
      ByteBuf out = context.alloc().buffer();
      if (option == Protocol.OPT_GO) options.tell(out, option, client, served);
      else options.tellOld(out, client, served, zeroes);
      context.writeAndFlush(out);
      Intake intake = new Intake(limits, inFlight, served.loop(), time);
      Transmission transmission =
          new Transmission(served, client, options.termsFor(served), intake);
      if (client.subject().isEmpty()) reads.share(served.loop().reads());
      state = State.OVER;
      context.pipeline().addLast("transmission", transmission);
      LOG.debug("{} uses export {}", client.name(), served.export().name());
      return transmission;
    }

    @Override
    public void begin() {
      context.fireChannelRead(unread.retainedSlice());
      context.fireChannelReadComplete();
      Channel socket = context.channel();
      context.pipeline().remove(Negotiation.this);
      socket.config().setAutoRead(true);
    }

    @Override
    public void refuse() {
      close("export " + served.export().name() + " is being closed");
    }
  }

  // ---- the end

  boolean isOver() {
    return state == State.OVER;
  }

  /** From any thread: closes the connection if it still negotiates and had time enough. */
  void watch() {
    if (time.nanos() - deadlineNanos < 0) return;
    context
        .channel()
        .eventLoop()
        .execute(() -> {
          if (state != State.OVER) close("it did not choose an export in time");
        });
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
    boolean ours = cause instanceof RuntimeException && !(cause instanceof DecoderException);
    if (ours) LOG.error("while negotiating", cause);
    close(Reasons.of(cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext from) {
    if (state == State.OVER) return;
    state = State.OVER;
    LOG.debug("{} left before it chose an export", client.name());
  }

  private void close(String reason) {
    context.close();
    if (state == State.OVER) return;
    state = State.OVER;
    LOG.warn("NBD connection of {} closed: {}", client.name(), reason);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext from) throws IOException {
    unread.release();
  }
}
