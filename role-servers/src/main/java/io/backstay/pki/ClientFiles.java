package io.backstay.pki;

import io.backstay.authority.PeerUri;
import io.backstay.authority.Pem;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;

/**
 * What an NBD client needs for TLS, in a directory of its own and under the names that libnbd
 * ({@code tls-certificates}), nbdkit and QEMU ({@code tls-creds-x509}) look for:
 *
 * <pre>
 * ca-cert.pem       certificate of the group's authority: who the server must be
 * client-cert.pem   who the client is and which volumes it may use
 * client-key.pem    PKCS#8; whoever has it may use them
 * </pre>
 */
public record ClientFiles(Path directory) {
  public Path ca() {
    return directory.resolve("ca-cert.pem");
  }

  public Path certificate() {
    return directory.resolve("client-cert.pem");
  }

  public Path key() {
    return directory.resolve("client-key.pem");
  }

  /**
   * That nothing is there but what this authority made for this client.
   *
   * @throws FileAlreadyExistsException when something else is there
   */
  void requireReplaceable(CertificateAuthority authority, Peer client) throws IOException {
    byte[] own = Pem.of(authority.certificate());
    if (Files.exists(ca()) && !Arrays.equals(Files.readAllBytes(ca()), own)) {
      throw inTheWay(ca(), "it is the certificate of another authority");
    }
    if (Files.exists(certificate())) {
      Optional<String> other = differs(authority, client);
      if (other.isPresent()) throw inTheWay(certificate(), other.get());
    } else if (Files.exists(key())) {
      throw inTheWay(key(), "it is a key without its certificate");
    }
  }

  /** Why the certificate is not one of this client. */
  private Optional<String> differs(CertificateAuthority authority, Peer client) {
    try {
      X509Certificate old = CertificateAuthority.read(certificate());
      authority.checkOurs(old, certificate());
      Peer named = PeerUri.peer(old);
      return named.equals(client)
          ? Optional.empty()
          : Optional.of("it is that of " + PeerUri.of(named));
    } catch (IOException | CertificateException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static FileAlreadyExistsException inTheWay(Path file, String reason) {
    return new FileAlreadyExistsException(file.toString(), null, reason);
  }
}
