package io.backstay.pki;

import io.backstay.authority.Subject;
import io.backstay.model.Role;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * What a certificate shall say of its subject; who issues it, and for how long, comes with {@link
 * #issue}.
 */
record CertificateTemplate(X500Name subject, PublicKey key, List<Extension> extensions) {
  private static final int SERIAL_BITS = 127;
  private static final String SIGNATURE_ALGORITHM = "SHA256withECDSA";
  private static final SecureRandom SERIALS = new SecureRandom();

  CertificateTemplate {
    extensions = List.copyOf(extensions);
  }

  static CertificateTemplate ofAuthority(String group, PublicKey key) throws IOException {
    return new CertificateTemplate(
        authorityName(group),
        key,
        List.of(
            critical(Extension.basicConstraints, new BasicConstraints(0)),
            critical(Extension.keyUsage, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))));
  }

  /**
   * @param hosts host names and IP addresses
   */
  static CertificateTemplate ofTls(Peer peer, PublicKey key, List<String> hosts)
      throws IOException {
    KeyPurposeId[] purposes = {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth};
    return of(new Subject(peer, Set.of()), key, new ExtendedKeyUsage(purposes), hosts);
  }

  /** Of an NBD client: nobody who connects takes it for a server. */
  static CertificateTemplate ofClient(Subject client, PublicKey key) throws IOException {
    return of(client, key, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth), List.of());
  }

  static CertificateTemplate ofSigning(Peer peer, PublicKey key) throws IOException {
    if (peer.role() != Role.CATALOG && peer.role() != Role.OPERATOR) {
      throw new IllegalArgumentException(
          "%s is a %s: only a catalog or an operator signs"
              .formatted(peer.name(), peer.role().word()));
    }
    ExtendedKeyUsage purpose = new ExtendedKeyUsage(KeyPurposeId.id_kp_codeSigning);
    return of(new Subject(peer, Set.of()), key, purpose, List.of());
  }

  private static CertificateTemplate of(
      Subject subject, PublicKey key, ExtendedKeyUsage purposes, List<String> hosts)
      throws IOException {
    List<GeneralName> names = new ArrayList<>();
    for (String uri : subject.uris()) {
      names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
    }
    for (String host : hosts) names.add(nameOf(host));
    return new CertificateTemplate(
        commonName(subject.peer().name()),
        key,
        List.of(
            critical(Extension.basicConstraints, new BasicConstraints(false)),
            critical(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature)),
            critical(Extension.extendedKeyUsage, purposes),
            alternativeNames(names)));
  }

  private static GeneralName nameOf(String host) {
    int type = IPAddress.isValid(host) ? GeneralName.iPAddress : GeneralName.dNSName;
    return new GeneralName(type, host);
  }

  private static Extension alternativeNames(List<GeneralName> names) throws IOException {
    return Extension.create(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(names.toArray(GeneralName[]::new)));
  }

  /** This one, if it names these hosts already; else one that names them, too. */
  CertificateTemplate reachedAt(List<String> hosts) throws IOException {
    Extension old =
        extensions.stream()
            .filter(one -> one.getExtnId().equals(Extension.subjectAlternativeName))
            .findFirst()
            .orElseThrow(() -> new IOException(subject + " has no alternative names"));
    Set<GeneralName> names =
        new LinkedHashSet<>(List.of(GeneralNames.getInstance(old.getParsedValue()).getNames()));
    boolean more = false;
    for (String host : hosts) more |= names.add(nameOf(host));
    if (!more) return this;
    List<Extension> changed = new ArrayList<>(extensions);
    changed.set(extensions.indexOf(old), alternativeNames(List.copyOf(names)));
    return new CertificateTemplate(subject, key, changed);
  }

  /** Everything that a certificate of {@link #ofTls} or {@link #ofSigning} says of its subject. */
  static CertificateTemplate like(X509Certificate old) throws IOException {
    try {
      JcaX509CertificateHolder holder = new JcaX509CertificateHolder(old);
      return new CertificateTemplate(
          holder.getSubject(),
          old.getPublicKey(),
          List.of(
              holder.getExtension(Extension.basicConstraints),
              holder.getExtension(Extension.keyUsage),
              holder.getExtension(Extension.extendedKeyUsage),
              holder.getExtension(Extension.subjectAlternativeName)));
    } catch (GeneralSecurityException e) {
      throw new IOException("a certificate without encoding: " + e.getMessage(), e);
    }
  }

  /** A certificate of the CA for itself. */
  X509Certificate selfSigned(PrivateKey own, Instant from, Instant until) throws IOException {
    return issue(subject, key, own, from, until);
  }

  X509Certificate issue(X509Certificate issuer, PrivateKey issuerKey, Instant from, Instant until)
      throws IOException {
    X500Name name = X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
    return issue(name, issuer.getPublicKey(), issuerKey, from, until);
  }

  private X509Certificate issue(
      X500Name issuer, PublicKey issuerPublic, PrivateKey issuerKey, Instant from, Instant until)
      throws IOException {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(SERIAL_BITS, SERIALS),
              Date.from(from),
              Date.from(until),
              subject,
              key);
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          identifiers.createAuthorityKeyIdentifier(issuerPublic));
      for (Extension extension : extensions) builder.addExtension(extension);
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(SIGNATURE_ALGORITHM).build(issuerKey)));
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("no certificate could be made for " + subject + ": " + e, e);
    }
  }

  static X500Name authorityName(String group) {
    return commonName("Backstay CA of " + group);
  }

  private static X500Name commonName(String text) {
    return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, text).build();
  }

  private static Extension critical(ASN1ObjectIdentifier type, ASN1Encodable value)
      throws IOException {
    return Extension.create(type, true, value);
  }
}
