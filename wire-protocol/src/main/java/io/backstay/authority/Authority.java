package io.backstay.authority;

import io.backstay.model.Grant;
import io.backstay.model.Names;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.wire.Cbor;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;

/**
 * Decides whether signed bytes come from somebody of this group who may say such a thing (rule K5).
 * Checked in this order: the certificate names this group, the group's CA issued it, it is one for
 * signing, it names the required role, its time, the signature. Any thread.
 */
public final class Authority {
  /**
   * Extended key usage (RFC 5280: code signing) of certificates that sign. The certificates of TLS
   * do not have it and these do not have TLS's, so that neither key can do the other's work: a
   * server's key signs no grant.
   */
  public static final String SIGNING_USAGE = "1.3.6.1.5.5.7.3.3";

  private final String group;
  private final X509Certificate ca;

  public Authority(String group, X509Certificate ca) {
    this.group = Names.require("group", group);
    this.ca = ca;
  }

  /**
   * @param caFile PEM of the group's CA
   */
  public static Authority load(String group, Path caFile) throws IOException {
    return new Authority(group, Pem.certificate(Files.readAllBytes(caFile), caFile.toString()));
  }

  /**
   * The record inside, which the catalog signed. The end of the catalog's certificate does not end
   * what was signed with it: records outlive certificates, and servers go on without the catalog
   * (rule K1); a newer version is what ends a record (rule M3).
   *
   * @throws RefusedException not-authorised, wrong-group
   */
  public ProtectionRecord verifyRecord(Signed signed) throws RefusedException {
    return content(signed, verify(signed, Role.CATALOG), ProtectionRecord.class);
  }

  /**
   * The grant inside, which an operator of this group signed and which is not over. Whether it fits
   * what is to be destroyed, and whether it was used before, is the caller's to check.
   *
   * @throws RefusedException not-authorised, wrong-group
   */
  public Grant verifyGrant(Signed signed, Instant now) throws RefusedException {
    Grant grant = content(signed, verify(signed, Role.OPERATOR, now), Grant.class);
    if (!grant.group().equals(group)) {
      throw wrongGroup("a grant for group " + grant.group());
    }
    if (!grant.expiry().isAfter(now)) {
      throw refused(
          "the grant is over",
          "it ended at %s, now it is %s".formatted(grant.expiry(), now),
          "give the command again, so that a new grant is signed");
    }
    return grant;
  }

  /**
   * The content, after all checks but that of the certificate's time.
   *
   * @throws RefusedException not-authorised, wrong-group
   */
  public byte[] verify(Signed signed, Role required) throws RefusedException {
    X509Certificate certificate = certificate(signed);
    return verify(signed, certificate, required, certificate.getNotBefore().toInstant());
  }

  /**
   * The content, after all checks; the certificate must be valid now.
   *
   * @throws RefusedException not-authorised, wrong-group
   */
  public byte[] verify(Signed signed, Role required, Instant now) throws RefusedException {
    return verify(signed, certificate(signed), required, now);
  }

  private byte[] verify(Signed signed, X509Certificate certificate, Role required, Instant at)
      throws RefusedException {
    Peer signer = signer(certificate);
    if (!signer.group().equals(group)) {
      throw wrongGroup("a signature of " + PeerUri.of(signer));
    }
    checkIssued(certificate, signer, at);
    checkForSigning(certificate, signer);
    if (signer.role() != required) {
      throw refused(
          "signed by " + PeerUri.of(signer) + ", which is not its to sign",
          "role " + signer.role().word() + ", expected role " + required.word(),
          "");
    }
    byte[] content = signed.content().toArray();
    checkSignature(signed, content, certificate, signer);
    return content;
  }

  private static X509Certificate certificate(Signed signed) throws RefusedException {
    try {
      return Pem.Der.certificate(signed.certificate().toArray());
    } catch (CertificateException e) {
      throw refused("the signer's certificate cannot be read", e.getMessage(), "");
    }
  }

  private static Peer signer(X509Certificate certificate) throws RefusedException {
    try {
      return PeerUri.peer(certificate);
    } catch (CertificateException e) {
      throw refused("the signer's certificate names nobody", e.getMessage(), "");
    }
  }

  private void checkIssued(X509Certificate certificate, Peer signer, Instant at)
      throws RefusedException {
    try {
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(at));
      CertPathValidator.getInstance("PKIX")
          .validate(
              CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate)),
              parameters);
    } catch (CertPathValidatorException e) {
      throw refused(
          "the certificate of " + PeerUri.of(signer) + " is not one of this group's CA at " + at,
          e.getMessage(),
          "");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK validates PKIX paths", e);
    }
  }

  private static void checkForSigning(X509Certificate certificate, Peer signer)
      throws RefusedException {
    try {
      List<String> usages = certificate.getExtendedKeyUsage();
      if (usages != null && usages.contains(SIGNING_USAGE)) return;
      throw refused(
          "the certificate of " + PeerUri.of(signer) + " is not one for signing",
          "extended key usages " + usages,
          "sign with the signing key, not with that of TLS");
    } catch (CertificateException e) {
      throw refused("the signer's certificate cannot be read", e.getMessage(), "");
    }
  }

  private static void checkSignature(
      Signed signed, byte[] content, X509Certificate certificate, Peer signer)
      throws RefusedException {
    boolean right;
    try {
      Signature signature = Signature.getInstance(signatureAlgorithm(certificate.getPublicKey()));
      signature.initVerify(certificate.getPublicKey());
      signature.update(content);
      right = signature.verify(signed.signature().toArray());
    } catch (GeneralSecurityException e) {
      throw refused("the signature of " + PeerUri.of(signer) + " cannot be read", "" + e, "");
    }
    if (!right) {
      throw refused(
          "the signature of " + PeerUri.of(signer) + " is wrong",
          "it does not belong to these %d bytes".formatted(content.length),
          "");
    }
  }

  static String signatureAlgorithm(PublicKey key) throws GeneralSecurityException {
    return switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "EdDSA", "Ed25519" -> "Ed25519";
      default -> throw new GeneralSecurityException("no signature with a key of " + key);
    };
  }

  private static <T> T content(Signed signed, byte[] verified, Class<T> type)
      throws RefusedException {
    try {
      return Cbor.read(verified, type);
    } catch (MalformedFrameException e) {
      throw refused(
          "what was signed is not a " + type.getSimpleName(),
          "%s, in %d bytes".formatted(e.getMessage(), signed.content().size()),
          "");
    }
  }

  private RefusedException wrongGroup(String found) {
    return new RefusedException(
        Refusal.of(RefusalCode.WRONG_GROUP, "this belongs to another group")
            .attempted("to check a signature")
            .found(found + ", this is group " + group));
  }

  private static RefusedException refused(String message, String found, String next) {
    return new RefusedException(
        Refusal.of(RefusalCode.NOT_AUTHORISED, message)
            .attempted("to check a signature")
            .found(found)
            .next(next));
  }
}
