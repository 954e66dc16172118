package io.backstay.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Role;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.CertificateFiles;
import io.backstay.pki.ClientFiles;
import io.backstay.pki.FixedTime;
import io.backstay.wire.Channel;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rule K5: nobody is heard who has no valid certificate of this group's CA. */
@Timeout(60)
class TlsTest {
  @TempDir private Path directory;
  private TestGroup group;
  private Network.Listener listener;
  private NettyNetwork archive;
  private LogLines log;

  @BeforeEach
  void makeTheGroup() throws Exception {
    group = new TestGroup("home", directory.resolve("home"));
    archive = group.network("a0", Role.ARCHIVE);
    listener = archive.listen(TestGroup.ANY_PORT);
    log = new LogLines("io.backstay.net");
  }

  @AfterEach
  void theListenerStillServesItsGroup() throws Exception {
    try {
      Channel client = group.network("s9", Role.STORAGE).connect(listener.address());
      client.send(NettyNetworkTest.numbered(1));
      Channel server = listener.accept();
      while (!server.peer().name().equals("s9")) server = listener.accept();
      assertThat(server.receive().message()).isEqualTo(new Message.ImageDurable(1));
    } finally {
      log.close();
      group.close();
    }
  }

  @Test
  void aCertificateOfAnotherCaIsRefusedByBothSides() throws Exception {
    try (TestGroup twin = new TestGroup("home", directory.resolve("twin"))) {
      NettyNetwork stranger = twin.network("s0", Role.STORAGE);
      assertThatThrownBy(() -> stranger.connect(listener.address()))
          .hasMessageContaining(listener.address())
          .hasMessageContaining("certificate is refused");
    }
    assertThat(log.await(line -> line.startsWith("connection from 127.0.0.1:")))
        .contains("it refuses us");
  }

  @Test
  void aClientOfAnotherGroupThatTrustsUsIsRefused() throws Exception {
    try (TestGroup other = new TestGroup("work", directory.resolve("work"))) {
      Credentials own = other.credentials("s0", Role.STORAGE);
      NettyNetwork gullible =
          other.network(
              new Credentials("home", own.certificate(), own.key(), group.ca().certificateFile()),
              Limits.DEFAULT);
      // In TLS 1.3 the client learns only from its first read that it was refused.
      assertThatThrownBy(() -> gullible.connect(listener.address()).receive())
          .isInstanceOf(IOException.class);
      assertThat(log.await(line -> line.startsWith("connection from")))
          .contains("it showed no certificate of this group's CA");
    }
  }

  @Test
  void aCertificateOfOurCaForAnotherGroupIsRefused() throws Exception {
    Credentials own = group.credentials("s0", Role.STORAGE);
    NettyNetwork mistaken =
        group.network(
            new Credentials("work", own.certificate(), own.key(), own.ca()), Limits.DEFAULT);
    assertThatThrownBy(() -> mistaken.connect(listener.address()))
        .hasMessageContaining("it names backstay://home/archive/a0, this is group work");
  }

  @Test
  void anExpiredCertificateIsRefused() throws Exception {
    Instant longAgo = Instant.now().minus(Duration.ofDays(400));
    CertificateAuthority then =
        CertificateAuthority.open(directory.resolve("home"), "home", new FixedTime(longAgo));
    CertificateFiles expired = then.issue("s0", Role.STORAGE, directory);
    NettyNetwork late =
        group.network(
            new Credentials(
                "home", expired.certificate(), expired.key(), group.ca().certificateFile()),
            Limits.DEFAULT);

    assertThatThrownBy(() -> late.connect(listener.address()).receive())
        .isInstanceOf(IOException.class);
    assertThat(log.await(line -> line.startsWith("connection from")))
        .contains("its certificate is refused")
        .contains("NotAfter");
  }

  @Test
  void aSigningCertificateIsNoneForTls() throws Exception {
    CertificateFiles signing = group.ca().issueSigning("ops", Role.OPERATOR, directory);
    NettyNetwork wrongKey =
        group.network(
            new Credentials(
                "home", signing.certificate(), signing.key(), group.ca().certificateFile()),
            Limits.DEFAULT);
    assertThatThrownBy(() -> wrongKey.connect(listener.address()).receive())
        .isInstanceOf(IOException.class);
  }

  @Test
  void theCertificateOfAnNbdClientOpensNothingHere() throws Exception {
    ClientFiles files = new ClientFiles(directory.resolve("db1"));
    group.ca().issueClient("db1", Set.of("vol0"), Period.ofDays(1), files);
    Credentials own = new Credentials("home", files.certificate(), files.key(), files.ca());
    NettyNetwork client = group.network(own, Limits.DEFAULT);
    assertThatThrownBy(() -> client.connect(listener.address()).receive())
        .isInstanceOf(IOException.class);
    assertThat(log.await(line -> line.startsWith("connection from")))
        .contains("backstay://home/client/db1, who may use volumes over NBD and nothing else");
  }

  @Test
  void theCertificateOfAnNbdClientServesNobody() throws Exception {
    ClientFiles files = new ClientFiles(directory.resolve("db1"));
    group.ca().issueClient("db1", Set.of("vol0"), Period.ofDays(1), files);
    Credentials own = new Credentials("home", files.certificate(), files.key(), files.ca());
    Network.Listener impostor = group.network(own, Limits.DEFAULT).listen(TestGroup.ANY_PORT);
    NettyNetwork storage = group.network("s0", Role.STORAGE);
    assertThatThrownBy(() -> storage.connect(impostor.address())).isInstanceOf(IOException.class);
  }

  @Test
  void whoeverHasNoCertificateIsRefused() throws Exception {
    try (SSLSocket anonymous = withoutCertificate()) {
      anonymous.startHandshake();
      assertThatThrownBy(() -> anonymous.getInputStream().readAllBytes())
          .isInstanceOf(IOException.class);
    }
    log.await(line -> line.startsWith("connection from 127.0.0.1:"));
  }

  @Test
  void nothingOlderThanTls13IsSpoken() throws Exception {
    try (SSLSocket old = withoutCertificate()) {
      old.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThatThrownBy(old::startHandshake).isInstanceOf(IOException.class);
    }
    log.await(line -> line.startsWith("connection from 127.0.0.1:"));
  }

  @Test
  void plainTextIsRefused() throws Exception {
    HostPort to = HostPort.parse(listener.address());
    try (Socket plain = new Socket(to.host(), to.port())) {
      OutputStream out = plain.getOutputStream();
      out.write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      out.flush();
      plain.getInputStream().readAllBytes();
    }
    assertThat(log.await(line -> line.startsWith("connection from 127.0.0.1:")))
        .endsWith("closed: it does not speak TLS");
  }

  @Test
  void whoeverLeavesBeforeTheHandshakeIsNamedInTheLog() throws Exception {
    HostPort to = HostPort.parse(listener.address());
    new Socket(to.host(), to.port()).close();
    log.await(line -> line.startsWith("connection from 127.0.0.1:"));
  }

  @Test
  void aRenewedCertificateIsUsedWithoutARestart() throws Exception {
    Instant lately = Instant.now().minus(Duration.ofDays(200));
    CertificateAuthority then =
        CertificateAuthority.open(directory.resolve("home"), "home", new FixedTime(lately));
    CertificateFiles files = then.issue("s0", Role.STORAGE, directory);
    NettyNetwork storage =
        group.network(
            new Credentials("home", files.certificate(), files.key(), group.ca().certificateFile()),
            Limits.DEFAULT);
    X509Certificate old = storage.certificate();

    assertThat(group.ca().renewIfHalfOver(files.certificate())).isTrue();

    assertThat(storage.certificate()).isNotEqualTo(old);
    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    assertThat(pair.server().peer().name()).isEqualTo("s0");
  }

  @Test
  void brokenCertificateFilesLeaveTheOldOnesInUse() throws Exception {
    Credentials own = group.credentials("s0", Role.STORAGE);
    NettyNetwork storage = group.network(own, Limits.DEFAULT);
    Path torn = Files.writeString(directory.resolve("torn"), "-----BEGIN CERT");
    Files.move(torn, own.certificate(), StandardCopyOption.REPLACE_EXISTING);

    TestGroup.Pair pair = TestGroup.Pair.connect(storage, listener);
    assertThat(pair.server().peer().name()).isEqualTo("s0");
    assertThat(log.await(line -> line.contains("the old ones stay")))
        .contains(own.certificate().toString());
  }

  private SSLSocket withoutCertificate() throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", group.ca().certificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    HostPort to = HostPort.parse(listener.address());
    return (SSLSocket) context.getSocketFactory().createSocket(to.host(), to.port());
  }
}
