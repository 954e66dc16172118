package io.backstay.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.authority.PeerUri;
import io.backstay.authority.Pem;
import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rule K5: certificates name group, role and name, and renew at half life. */
class CertificateAuthorityTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir private Path directory;

  @Test
  void aCertificateNamesGroupRoleNameAndHosts() throws Exception {
    CertificateFiles files =
        ca(NOON).issue("a0", Role.ARCHIVE, directory, "backup.example", "10.0.0.7");

    X509Certificate certificate = CertificateAuthority.read(files.certificate());
    assertThat(PeerUri.peer(certificate)).isEqualTo(new Peer("home", "a0", Role.ARCHIVE));
    assertThat(certificate.getSubjectAlternativeNames())
        .contains(
            List.of(6, "backstay://home/archive/a0"),
            List.of(2, "localhost"),
            List.of(7, "127.0.0.1"),
            List.of(2, "backup.example"),
            List.of(7, "10.0.0.7"));
    assertThat(certificate.getPublicKey().getAlgorithm()).isEqualTo("EC");
    assertThat(CertificateAuthority.daysLeft(certificate, NOON)).isEqualTo(365);
  }

  @Test
  void everyFileIsForItsOwnerOnly() throws IOException {
    CertificateAuthority ca = ca(NOON);
    ca.issue("a0", Role.ARCHIVE, directory);
    ca.issueSigning("ops", Role.OPERATOR, directory);

    try (var files = Files.list(directory)) {
      assertThat(files)
          .hasSize(6)
          .allSatisfy(file ->
              assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                  .isEqualTo("rw-------"));
    }
  }

  @Test
  void aCaIsOpenedAgainAndNeverReplaced() throws IOException {
    X509Certificate first = ca(NOON).certificate();

    assertThat(CertificateAuthority.openOrCreate(directory, "home", Time.system()).certificate())
        .isEqualTo(first);
    assertThatThrownBy(() -> CertificateAuthority.create(directory, "home", Time.system()))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("ca.crt");
  }

  @Test
  void theCaOfAnotherGroupIsNotOpened() throws IOException {
    ca(NOON);
    assertThatThrownBy(() -> CertificateAuthority.open(directory, "work", Time.system()))
        .hasMessageContaining("Backstay CA of home")
        .hasMessageContaining("Backstay CA of work");
  }

  @Test
  void aCertificateIsRenewedWhenHalfOfItsLifeIsOverAndKeepsItsKeyAndNames() throws Exception {
    CertificateFiles files = ca(NOON).issue("a0", Role.ARCHIVE, directory, "backup.example");
    X509Certificate old = CertificateAuthority.read(files.certificate());

    assertThat(at(NOON.plus(Duration.ofDays(182))).renewIfHalfOver(files.certificate())).isFalse();
    assertThat(CertificateAuthority.read(files.certificate())).isEqualTo(old);

    Instant later = NOON.plus(Duration.ofDays(183));
    assertThat(at(later).renewIfHalfOver(files.certificate())).isTrue();
    X509Certificate renewed = CertificateAuthority.read(files.certificate());
    assertThat(renewed.getPublicKey()).isEqualTo(old.getPublicKey());
    assertThat(renewed.getSubjectAlternativeNames())
        .containsExactlyElementsOf(old.getSubjectAlternativeNames());
    assertThat(renewed.getExtendedKeyUsage()).isEqualTo(old.getExtendedKeyUsage());
    assertThat(CertificateAuthority.daysLeft(renewed, later)).isEqualTo(366);
  }

  @Test
  void nothingOutlivesTheCa() throws IOException {
    ca(NOON);
    Instant nineAndAHalfYears = NOON.plus(Duration.ofDays(3470));
    CertificateFiles files = at(nineAndAHalfYears).issue("a0", Role.ARCHIVE, directory);
    assertThat(CertificateAuthority.read(files.certificate()).getNotAfter())
        .isEqualTo(at(NOON).certificate().getNotAfter());
  }

  @Test
  void aCertificateOfAnotherCaIsNotRenewed(@TempDir Path elsewhere) throws IOException {
    CertificateFiles foreign =
        CertificateAuthority.create(elsewhere, "home", new FixedTime(NOON))
            .issue("a0", Role.ARCHIVE, elsewhere);
    assertThatThrownBy(() -> ca(NOON).renewIfHalfOver(foreign.certificate()))
        .hasMessageContaining(foreign.certificate().toString())
        .hasMessageContaining("group home");
  }

  @Test
  void onlyACatalogOrAnOperatorGetsASigningCertificate() throws IOException {
    CertificateAuthority ca = ca(NOON);
    assertThatThrownBy(() -> ca.issueSigning("w0", Role.WORKER, directory))
        .hasMessageContaining("worker");
  }

  @Test
  void aFileThatHoldsNoCertificateIsNamed() {
    assertThatThrownBy(() -> Pem.certificate(new byte[] {1, 2}, "/some/file"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("/some/file");
  }

  private CertificateAuthority ca(Instant now) throws IOException {
    return CertificateAuthority.create(directory, "home", new FixedTime(now));
  }

  private CertificateAuthority at(Instant now) throws IOException {
    return CertificateAuthority.open(directory, "home", new FixedTime(now));
  }
}
