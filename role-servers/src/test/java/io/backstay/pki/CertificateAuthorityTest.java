package io.backstay.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.authority.PeerUri;
import io.backstay.authority.Pem;
import io.backstay.authority.Subject;
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
import java.time.Period;
import java.util.List;
import java.util.Set;
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
  void aCertificateIsRenewedToNameAnotherHost() throws Exception {
    CertificateAuthority ca = ca(NOON);
    CertificateFiles files = ca.issue("s0", Role.STORAGE, directory);
    X509Certificate old = CertificateAuthority.read(files.certificate());
    assertThat(ca.renewIfHalfOver(files.certificate(), "127.0.0.1", "localhost")).isFalse();
    assertThat(ca.renewIfHalfOver(files.certificate(), "host.example", "10.0.0.7")).isTrue();
    X509Certificate renewed = CertificateAuthority.read(files.certificate());
    assertThat(renewed.getSubjectAlternativeNames())
        .containsAll(old.getSubjectAlternativeNames())
        .contains(List.of(2, "host.example"), List.of(7, "10.0.0.7"));
    assertThat(renewed.getPublicKey()).isEqualTo(old.getPublicKey());
    assertThat(ca.renewIfHalfOver(files.certificate(), "10.0.0.7")).isFalse();
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
  void theCertificateOfAnNbdClientNamesItsVolumesAndIsNoServers() throws Exception {
    ClientFiles files = new ClientFiles(directory.resolve("db1"));
    X509Certificate issued =
        ca(NOON).issueClient("db1", Set.of("vol1", "vol0"), Period.ofDays(30), files);

    assertThat(CertificateAuthority.read(files.certificate())).isEqualTo(issued);
    assertThat(CertificateAuthority.daysLeft(issued, NOON)).isEqualTo(30);
    assertThat(issued.getSubjectAlternativeNames())
        .containsExactly(
            List.of(6, "backstay://home/client/db1"),
            List.of(6, "backstay-volume://home/vol0"),
            List.of(6, "backstay-volume://home/vol1"));
    assertThat(issued.getExtendedKeyUsage()).hasSize(1).doesNotContain("1.3.6.1.5.5.7.3.1");
    Subject db1 = Subject.of(issued);
    assertThat(db1.peer()).isEqualTo(new Peer("home", "db1", Role.CLIENT));
    assertThat(db1.mayUse("vol1")).isTrue();
    assertThat(db1.mayUse("vol2")).isFalse();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files.directory())))
        .isEqualTo("rwx------");
  }

  @Test
  void onlyAnNbdClientNamesVolumesAndAlwaysDoes() {
    for (Role role : Role.values()) {
      Peer peer = new Peer("home", "x0", role);
      Set<String> wrong = role == Role.CLIENT ? Set.of() : Set.of("vol0");
      assertThatThrownBy(() -> new Subject(peer, wrong)).hasMessageContaining("volumes");
    }
    Peer client = new Peer("home", "db1", Role.CLIENT);
    assertThatThrownBy(() -> new Subject(client, Set.of("../vol0")))
        .hasMessageContaining("is not a volume name");
  }

  @Test
  void onlyWhatWasMadeForTheSameClientIsReplaced(@TempDir Path elsewhere) throws Exception {
    CertificateAuthority ca = ca(NOON);
    ClientFiles files = new ClientFiles(directory.resolve("db1"));
    Set<String> volumes = Set.of("vol0");
    X509Certificate first = ca.issueClient("db1", volumes, Period.ofDays(30), files);
    assertThat(ca.issueClient("db1", volumes, Period.ofDays(30), files)).isNotEqualTo(first);

    assertThatThrownBy(() -> ca.issueClient("db2", volumes, Period.ofDays(30), files))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("backstay://home/client/db1");
    CertificateAuthority other =
        CertificateAuthority.create(elsewhere, "home", new FixedTime(NOON));
    assertThatThrownBy(() -> other.issueClient("db1", volumes, Period.ofDays(30), files))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("another authority");
    Files.delete(files.certificate());
    assertThatThrownBy(() -> ca.issueClient("db1", volumes, Period.ofDays(30), files))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("client-key.pem");
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
