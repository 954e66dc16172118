package io.backstay.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.backstay.authority.Authority;
import io.backstay.authority.Signer;
import io.backstay.model.Bytes;
import io.backstay.model.Grant;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rule K5: who may sign what, and what happens to everything else. */
class AuthorityTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final byte[] WORDS = "let it be".getBytes(StandardCharsets.UTF_8);
  private static final ProtectionRecord RECORD =
      new ProtectionRecord(
          3, "vol0", VolumeKind.PLAIN, 4096, "/dev/vol0", "s0", List.of("a0"), "a0");

  @TempDir private Path directory;
  private CertificateAuthority ca;
  private Authority authority;

  @BeforeEach
  void makeTheGroup() throws IOException {
    ca = CertificateAuthority.create(directory.resolve("pki"), "home", new FixedTime(NOON));
    authority = Authority.load("home", ca.certificateFile());
  }

  @Test
  void aRecordOfTheCatalogIsTaken() throws Exception {
    assertThat(authority.verifyRecord(signer(Role.CATALOG).sign(RECORD))).isEqualTo(RECORD);
  }

  @Test
  void aRecordOutlivesTheCertificateThatSignedIt() throws Exception {
    CertificateAuthority longAgo =
        CertificateAuthority.create(
            directory.resolve("old"), "home", new FixedTime(NOON.minus(Duration.ofDays(900))));
    Signed old = signer(longAgo, Role.CATALOG).sign(RECORD);

    assertThat(longAgo.authority().verifyRecord(old)).isEqualTo(RECORD);
    assertThat(refusal(() -> longAgo.authority().verify(old, Role.CATALOG, NOON)).code())
        .isEqualTo(RefusalCode.NOT_AUTHORISED);
  }

  @Test
  void aGrantOfAnOperatorIsTakenUntilItIsOver() throws Exception {
    Grant grant = grant("home");
    Signed signed = signer(Role.OPERATOR).sign(grant);

    assertThat(authority.verifyGrant(signed, NOON)).isEqualTo(grant);
    Refusal over = refusal(() -> authority.verifyGrant(signed, grant.expiry()));
    assertThat(over.code()).isEqualTo(RefusalCode.NOT_AUTHORISED);
    assertThat(over.message()).contains("over");
  }

  @Test
  void aCatalogSignsNoGrantAndAnOperatorNoRecord() throws Exception {
    Signed grant = signer(Role.CATALOG).sign(grant("home"));
    Signed record = signer(Role.OPERATOR).sign(RECORD);

    assertThat(refusal(() -> authority.verifyGrant(grant, NOON)).found())
        .contains("expected role operator");
    assertThat(refusal(() -> authority.verifyRecord(record)).found())
        .contains("expected role catalog");
  }

  @Test
  void anyChangedBitOfContentOrSignatureIsSeen() throws Exception {
    Signed good = signer(Role.CATALOG).sign(WORDS);
    assertThat(authority.verify(good, Role.CATALOG)).isEqualTo(WORDS);

    for (int bit = 0; bit < good.content().size() * 8; bit++) {
      Signed bad = new Signed(flip(good.content(), bit), good.signature(), good.certificate());
      assertThat(refusal(() -> authority.verify(bad, Role.CATALOG)).message()).contains("wrong");
    }
    for (int bit = 0; bit < good.signature().size() * 8; bit += 5) {
      Signed bad = new Signed(good.content(), flip(good.signature(), bit), good.certificate());
      assertThat(refusal(() -> authority.verify(bad, Role.CATALOG)).code())
          .isEqualTo(RefusalCode.NOT_AUTHORISED);
    }
  }

  @Test
  void noChangedByteOfWhatTheCaSignedIsTaken() throws Exception {
    Signer signer = signer(Role.CATALOG);
    Signed good = signer.sign(WORDS);
    int begin = 4; // tag and length of the outer sequence
    for (int at = begin; at < begin + signer.certificate().getTBSCertificate().length; at++) {
      Signed bad = new Signed(good.content(), good.signature(), flip(good.certificate(), at * 8));
      assertThatThrownBy(() -> authority.verify(bad, Role.CATALOG))
          .as("byte %d of %s", at, good.certificate())
          .isInstanceOf(RefusedException.class);
    }
  }

  @Test
  void aSignatureOfAnotherGroupIsRefusedAsSuch() throws Exception {
    CertificateAuthority other =
        CertificateAuthority.create(directory.resolve("work"), "work", new FixedTime(NOON));
    Signed foreign = signer(other, Role.CATALOG).sign(RECORD);
    Signed grant = signer(Role.OPERATOR).sign(grant("work"));

    assertThat(refusal(() -> authority.verifyRecord(foreign)).code())
        .isEqualTo(RefusalCode.WRONG_GROUP);
    assertThat(refusal(() -> authority.verifyGrant(grant, NOON)).code())
        .isEqualTo(RefusalCode.WRONG_GROUP);
  }

  @Test
  void aGroupOfTheSameNameWithAnotherCaIsRefused() throws Exception {
    CertificateAuthority twin =
        CertificateAuthority.create(directory.resolve("twin"), "home", new FixedTime(NOON));
    Signed foreign = signer(twin, Role.CATALOG).sign(RECORD);

    assertThat(refusal(() -> authority.verifyRecord(foreign)).message())
        .contains("not one of this group's CA");
  }

  @Test
  void theKeyOfTlsSignsNothing() throws Exception {
    CertificateFiles tls = ca.issue("c0", Role.CATALOG, directory);
    Signed signed = Signer.load(tls.key(), tls.certificate()).sign(RECORD);

    assertThat(refusal(() -> authority.verifyRecord(signed)).message())
        .contains("not one for signing");
  }

  @Test
  void whatIsNoCertificateIsRefused() {
    Signed nonsense = new Signed(Bytes.of(WORDS), Bytes.of(WORDS), Bytes.of(WORDS));
    assertThat(refusal(() -> authority.verify(nonsense, Role.CATALOG)).code())
        .isEqualTo(RefusalCode.NOT_AUTHORISED);
  }

  private static Grant grant(String group) {
    return new Grant(
        group, "clear-volume", "vol0", "", "00", NOON.plus(Duration.ofMinutes(5)), "n1");
  }

  private Signer signer(Role role) throws IOException {
    return signer(ca, role);
  }

  private Signer signer(CertificateAuthority issuer, Role role) throws IOException {
    CertificateFiles files = issuer.issueSigning("someone", role, directory);
    return Signer.load(files.key(), files.certificate());
  }

  private static Bytes flip(Bytes bytes, int bit) {
    byte[] changed = bytes.toArray();
    changed[bit / 8] ^= (byte) (1 << bit % 8);
    return Bytes.of(changed);
  }

  private static Refusal refusal(ThrowingCallable refused) {
    return catchThrowableOfType(RefusedException.class, refused).refusal();
  }
}
