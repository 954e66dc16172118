package io.backstay.net;

import io.backstay.wire.Peer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.security.cert.CertificateException;
import java.util.function.Function;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Stands behind TLS until it is known who the peer is (rule K5): a certificate of the group's CA
 * that names the group. Then a {@link Connection} takes its place, or the socket is closed.
 */
final class Handshake extends ChannelInboundHandlerAdapter {
  private final String group;
  private final Function<Peer, Connection> connection;
  private final Outcome outcome;
  private boolean told;

  /** Told once what became of the handshake, on the event loop. */
  interface Outcome {
    void opened(NettyChannel channel);

    void failed(String reason);
  }

  Handshake(String group, Function<Peer, Connection> connection, Outcome outcome) {
    this.group = group;
    this.connection = connection;
    this.outcome = outcome;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof SslHandshakeCompletionEvent handshake)) return;
    if (!handshake.isSuccess()) {
      fail(context, Reasons.of(handshake.cause()));
      return;
    }
    try {
      Connection opened = connection.apply(peer(context));
      told = true;
      context.pipeline().replace(this, "connection", opened);
      opened.start();
      outcome.opened(opened.channel());
    } catch (CertificateException | SSLPeerUnverifiedException e) {
      fail(context, Reasons.of(e));
    }
  }

  private Peer peer(ChannelHandlerContext context)
      throws CertificateException, SSLPeerUnverifiedException {
    return TlsContexts.peer(context.pipeline().get(SslHandler.class), group);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail(context, Reasons.of(cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    fail(context, "closed before it said who it is");
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    // Nothing is heard of a peer that is not known yet.
    ReferenceCountUtil.release(message);
  }

  private void fail(ChannelHandlerContext context, String reason) {
    context.close();
    if (told) return;
    told = true;
    outcome.failed(reason);
  }
}
