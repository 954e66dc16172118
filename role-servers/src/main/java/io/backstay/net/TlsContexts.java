package io.backstay.net;

import io.backstay.authority.PeerUri;
import io.backstay.authority.Subject;
import io.backstay.model.Role;
import io.backstay.wire.Peer;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.3 and nothing older, both sides with a certificate of the group's CA (rule K5). Made anew
 * when the files change; when these cannot be read, or do not fit each other, the last good ones
 * stay in use and the log says so once.
 */
public final class TlsContexts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TlsContexts.class);
  private static final long HANDSHAKE_MILLIS_MAX = 10_000;
  private static final long CLOSE_NOTIFY_MILLIS_MAX = 1_000;
  private static final List<String> CIPHERS =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  private final Credentials credentials;
  private final ReentrantLock lock = new ReentrantLock();
  private String stamp;
  private Pair current;
  private boolean closed;

  /** Contexts for both directions of connecting, made from the same files. */
  private record Pair(SslContext client, SslContext server, X509Certificate certificate) {
    void release() {
      ReferenceCountUtil.release(client);
      ReferenceCountUtil.release(server);
    }
  }

  /**
   * @throws IOException that names the file which is missing or wrong
   */
  public TlsContexts(Credentials credentials) throws IOException {
    this.credentials = credentials;
    this.stamp = credentials.stamp();
    this.current = read(credentials);
  }

  /** Loads BoringSSL, or finds that there is none for this machine. */
  static void preload() {
    OpenSsl.isAvailable();
  }

  private static Pair read(Credentials credentials) throws IOException {
    X509Certificate certificate = credentials.readCertificate();
    OwnKey own = new OwnKey(credentials.readKey(), certificate);
    SslContextBuilder client = SslContextBuilder.forClient().keyManager(own);
    SslContextBuilder server = SslContextBuilder.forServer(own).clientAuth(ClientAuth.REQUIRE);
    X509Certificate ca = credentials.readCa();
    SslContext built = build(client, ca);
    try {
      return new Pair(built, build(server, ca), certificate);
    } catch (IOException e) {
      ReferenceCountUtil.release(built);
      throw e;
    }
  }

  private static SslContext build(SslContextBuilder builder, X509Certificate ca)
      throws IOException {
    return builder
        .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK)
        .protocols("TLSv1.3")
        .ciphers(CIPHERS)
        .trustManager(ca)
        // A host name says nothing here: whose a certificate is stands in its backstay:// name.
        .endpointIdentificationAlgorithm("")
        .build();
  }

  /**
   * Which member of the group is at the other end, after the handshake (rule K5).
   *
   * @throws CertificateException unless its certificate names one
   */
  static Peer peer(SslHandler tls, String group)
      throws CertificateException, SSLPeerUnverifiedException {
    Peer peer = subject(tls, group).peer();
    if (peer.role() == Role.CLIENT) {
      throw new CertificateException(
          "it names %s, who may use volumes over NBD and nothing else".formatted(PeerUri.of(peer)));
    }
    return peer;
  }

  /**
   * Who is at the other end, after the handshake, be it an NBD client that may use a few volumes
   * and do nothing else (rule K5).
   *
   * @throws CertificateException unless its certificate names somebody known to the group
   */
  public static Subject subject(SslHandler tls, String group)
      throws CertificateException, SSLPeerUnverifiedException {
    Subject subject =
        Subject.of((X509Certificate) tls.engine().getSession().getPeerCertificates()[0]);
    if (!subject.peer().group().equals(group)) {
      throw new CertificateException(
          "it names %s, this is group %s".formatted(PeerUri.of(subject.peer()), group));
    }
    return subject;
  }

  SslHandler forClient(ByteBufAllocator allocator) {
    return handler(Pair::client, allocator);
  }

  public SslHandler forServer(ByteBufAllocator allocator) {
    return handler(Pair::server, allocator);
  }

  private SslHandler handler(Function<Pair, SslContext> side, ByteBufAllocator allocator) {
    lock.lock();
    try {
      refresh();
      if (closed) throw new IllegalStateException("the network is closed");
      SslHandler handler = side.apply(current).newHandler(allocator);
      // Each write is encrypted by itself and done when it left. Merged ones are done together,
      // with
      // the JDK's TLS only when all of them left, and a payload would be held for as long.
      handler.setWrapDataSize(0);
      handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS_MAX);
      handler.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_MILLIS_MAX);
      return handler;
    } finally {
      lock.unlock();
    }
  }

  /** The certificate that new connections show. */
  X509Certificate certificate() {
    lock.lock();
    try {
      refresh();
      return current.certificate;
    } finally {
      lock.unlock();
    }
  }

  private void refresh() {
    try {
      String found = credentials.stamp();
      if (found.equals(stamp)) return;
      stamp = found;
      Pair renewed = read(credentials);
      current.release();
      current = renewed;
      LOG.info(
          "certificate {} was renewed, valid until {}",
          credentials.certificate(),
          renewed.certificate.getNotAfter().toInstant());
    } catch (IOException e) {
      LOG.warn("the changed certificate files are not used, the old ones stay: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) current.release();
      closed = true;
    } finally {
      lock.unlock();
    }
  }
}
