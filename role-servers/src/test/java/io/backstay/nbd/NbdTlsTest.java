package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Role;
import io.backstay.net.Credentials;
import io.backstay.net.TestGroup;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.ClientFiles;
import io.backstay.pki.FixedTime;
import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS as real clients speak it, on an address that is not loopback (rule K5). */
@Timeout(120)
class NbdTlsTest {
  private static final int SIZE_BYTES = 8 << 20;

  @TempDir Path directory;
  private TestGroup group;
  private NbdServer server;
  private NbdListener listener;

  @BeforeEach
  void serve() throws IOException {
    group = new TestGroup("group", Files.createDirectory(directory.resolve("ca")));
    Credentials own = group.credentials("s0", Role.STORAGE);
    server = new NbdServer(Time.system(), NbdLimits.DEFAULT, new SimpleMeterRegistry(), own);
    server.add(new MemoryExport(Served.NAME, SIZE_BYTES), WriteCache.DURABLE);
    server.add(new MemoryExport("secret", SIZE_BYTES), WriteCache.DURABLE);
    listener = server.listenTcp("0.0.0.0:0", any -> true);
  }

  @AfterEach
  void stop() {
    server.close();
    group.close();
  }

  /** A directory of certificates as libnbd wants it. */
  private Path certificates(Role role) throws IOException {
    Credentials credentials = group.credentials("x0", role);
    Path files = Files.createDirectories(directory.resolve("pki-" + role));
    Files.copy(credentials.ca(), files.resolve("ca-cert.pem"));
    Files.copy(credentials.certificate(), files.resolve("client-cert.pem"));
    Files.copy(credentials.key(), files.resolve("client-key.pem"));
    return files;
  }

  /** The same of an NBD client, which may use these volumes. */
  private Path client(TestGroup of, String... volumes) throws IOException {
    Path files = directory.resolve("pki-" + String.join("-", volumes));
    of.ca().issueClient("host1", Set.of(volumes), Period.ofDays(1), new ClientFiles(files));
    return files;
  }

  private Path client() throws IOException {
    return client(group, Served.NAME);
  }

  private String uri(String scheme, String export, String query) {
    String port = listener.address().substring(listener.address().lastIndexOf(':'));
    return scheme + "://127.0.0.1" + port + "/" + export + query;
  }

  private String uri(String export, Path certificates) {
    return uri("nbds", export, "?tls-certificates=" + certificates);
  }

  @Test
  void aCertificateThatMayUseTheVolumeIsServed() throws Exception {
    Tools.need("nbdinfo", "nbdcopy");
    String uri = uri(Served.NAME, client());
    assertThat(Tools.run("nbdinfo", uri))
        .contains("using structured packets")
        .contains("with TLS")
        // Rule L8: not beyond this machine. The client comes over loopback, which is this machine.
        .contains("can_multi_conn: true");
    byte[] bytes = new byte[SIZE_BYTES];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (i * 7 + i / 4096);
    Path in = Files.write(directory.resolve("in"), bytes);
    Path out = directory.resolve("out");
    Tools.run("nbdcopy", "--flush", "--connections=4", in.toString(), uri);
    Tools.run("nbdcopy", "--connections=4", uri, out.toString());
    assertThat(Files.mismatch(in, out)).isEqualTo(-1);
  }

  @Test
  void itSeesNoOtherVolume() throws Exception {
    Tools.need("nbdinfo");
    Path certificates = client();
    assertThat(Tools.run("nbdinfo", "--list", uri("", certificates)))
        .contains("export=\"vol0\"")
        .doesNotContain("secret");
    Tools.Outcome refused = Tools.outcome("nbdinfo", uri("secret", certificates));
    assertThat(refused.exit()).isNotZero();
    assertThat(refused.text()).contains("for export: secret");
    // Whether a volume exists is nothing that it learns, by whatever way it asks.
    Tools.Outcome unknown = Tools.outcome("nbdinfo", uri("nothing", certificates));
    assertThat(refused.text().replace("secret", "nothing")).isEqualTo(unknown.text());
  }

  @Test
  void theOnlyVolumeThatItMayUseNeedsNoName() throws Exception {
    Tools.need("nbdinfo");
    assertThat(Tools.run("nbdinfo", "--size", uri("", client(group, "secret"))))
        .isEqualToIgnoringNewLines(String.valueOf(SIZE_BYTES));
  }

  @Test
  void itMayUseSeveral() throws Exception {
    Tools.need("nbdinfo");
    Path certificates = client(group, Served.NAME, "secret", "later");
    Tools.run("nbdinfo", uri(Served.NAME, certificates));
    Tools.run("nbdinfo", uri("secret", certificates));
    assertThat(Tools.outcome("nbdinfo", uri("later", certificates)).exit()).isNotZero();
  }

  @Test
  void qemuFindsItsCertificateInTheSameDirectory() throws Exception {
    Tools.need("qemu-img");
    String port = listener.address().substring(listener.address().lastIndexOf(':') + 1);
    String image = "driver=nbd,host=localhost,port=" + port + ",tls-creds=tls0,export=";
    String credentials = "tls-creds-x509,id=tls0,endpoint=client,dir=" + client();
    String[] command = {
      "qemu-img", "info", "--object", credentials, "--image-opts", image + "vol0"
    };
    assertThat(Tools.run(command)).contains("8 MiB");
    command[5] = image + "secret";
    assertThat(Tools.outcome(command).exit()).isNotZero();
  }

  @Test
  void anOperatorMayUseAllAndNoServerAny() throws Exception {
    Tools.need("nbdinfo");
    for (Role role : Role.values()) {
      if (role == Role.CLIENT) continue;
      Tools.Outcome outcome = Tools.outcome("nbdinfo", uri("secret", certificates(role)));
      assertThat(outcome.exit() == 0).as(role.word()).isEqualTo(role == Role.OPERATOR);
    }
  }

  @Test
  void aCertificateThatIsOverIsRefused() throws Exception {
    Tools.need("nbdinfo");
    Time past = new FixedTime(Instant.now().minus(Duration.ofDays(2)));
    Path files = directory.resolve("pki-past");
    CertificateAuthority.open(group.ca().certificateFile().getParent(), "group", past)
        .issueClient("host1", Set.of(Served.NAME), Period.ofDays(1), new ClientFiles(files));
    assertThat(Tools.outcome("nbdinfo", uri(Served.NAME, files)).exit()).isNotZero();
  }

  @Test
  void aCertificateOfAnotherGroupIsRefused() throws Exception {
    Tools.need("nbdinfo");
    try (TestGroup other =
        new TestGroup("other", Files.createDirectory(directory.resolve("ca2")))) {
      Path certificates = client(other, Served.NAME);
      Files.copy(
          group.ca().certificateFile(),
          certificates.resolve("ca-cert.pem"),
          StandardCopyOption.REPLACE_EXISTING);
      assertThat(Tools.outcome("nbdinfo", uri(Served.NAME, certificates)).exit()).isNotZero();
    }
  }

  @Test
  void nobodyIsServedWithoutACertificate() throws Exception {
    Tools.need("nbdinfo");
    Path onlyCa = Files.createDirectory(directory.resolve("only-ca"));
    Files.copy(group.ca().certificateFile(), onlyCa.resolve("ca-cert.pem"));
    assertThat(Tools.outcome("nbdinfo", uri(Served.NAME, onlyCa)).exit()).isNotZero();
  }

  @Test
  void onLoopbackTheClientChooses() throws Exception {
    Tools.need("nbdinfo");
    listener = server.listenTcp("127.0.0.1:0", any -> true);
    assertThat(Tools.run("nbdinfo", listener.uri(Served.NAME))).contains("without TLS");
    String uri = uri(Served.NAME, client());
    assertThat(Tools.run("nbdinfo", uri)).contains("with TLS");
  }

  @Test
  void nobodyIsServedPlain() throws Exception {
    Tools.need("nbdinfo");
    Tools.Outcome refused = Tools.outcome("nbdinfo", uri("nbd", Served.NAME, ""));
    assertThat(refused.exit()).isNotZero();
    assertThat(refused.text()).contains("TLS");
  }

  @Test
  void whatTheClientSaysBehindStartTlsIsNeverTakenForEncrypted() throws Exception {
    String port = listener.address().substring(listener.address().lastIndexOf(':') + 1);
    try (RawClient client =
        RawClient.greeted(new InetSocketAddress("127.0.0.1", Integer.parseInt(port)))) {
      ByteBuffer both = ByteBuffer.allocate(32);
      both.put(NbdSocket.option(Protocol.OPT_STARTTLS, new byte[0]).flip());
      both.put(NbdSocket.option(Protocol.OPT_LIST, new byte[0]).flip());
      client.send(both);
      assertThat(client.isClosed()).isTrue();
    }
  }
}
