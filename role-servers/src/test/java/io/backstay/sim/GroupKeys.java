package io.backstay.sim;

import io.backstay.authority.Authority;
import io.backstay.authority.PeerUri;
import io.backstay.authority.Signer;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.server.RecordCheck;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A CA with the two that sign, the same bytes in every process: Ed25519 throughout, since its
 * signatures have no chance in them and a length that never varies.
 */
public final class GroupKeys {
  public static final String GROUP = "sim";
  private static final Instant FROM = Instant.parse("2020-01-01T00:00:00Z");
  private static final Instant UNTIL = Instant.parse("2049-01-01T00:00:00Z");
  private static final X500Name CA_NAME = new X500Name("CN=CA of simulations");

  private static final int CHECKED_MAX = 1000;

  private final Authority authority;
  private final Signer catalog;
  private final Signer operator;
  private final Map<Signed, ProtectionRecord> checked = new HashMap<>();

  public GroupKeys() {
    try {
      KeyPair ca = pair(1);
      authority = new Authority(GROUP, authorityOf(ca));
      catalog = signer(ca, 2, new Peer(GROUP, "c0", Role.CATALOG));
      operator = signer(ca, 3, new Peer(GROUP, "operator", Role.OPERATOR));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("no keys for a simulation", e);
    }
  }

  public Authority authority() {
    return authority;
  }

  /**
   * What the catalog signed, each compared with its signature once: to do it again each time that
   * somebody asks for it takes a third of a world's time.
   */
  public RecordCheck records() {
    return signed -> {
      ProtectionRecord known = checked.get(signed);
      if (known != null) return known;
      ProtectionRecord record = authority.verifyRecord(signed);
      if (checked.size() >= CHECKED_MAX) checked.clear();
      checked.put(signed, record);
      return record;
    };
  }

  public Signer catalog() {
    return catalog;
  }

  public Signer operator() {
    return operator;
  }

  private static Signer signer(KeyPair ca, int number, Peer peer)
      throws GeneralSecurityException, OperatorCreationException, IOException {
    KeyPair own = pair(number);
    JcaX509v3CertificateBuilder builder = builder(number, new X500Name("CN=" + peer.name()), own);
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
    builder.addExtension(
        Extension.extendedKeyUsage, true, new ExtendedKeyUsage(KeyPurposeId.id_kp_codeSigning));
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, PeerUri.of(peer))));
    return new Signer(own.getPrivate(), signed(builder, ca));
  }

  private static X509Certificate authorityOf(KeyPair ca)
      throws GeneralSecurityException, OperatorCreationException, IOException {
    JcaX509v3CertificateBuilder builder = builder(1, CA_NAME, ca);
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
    return signed(builder, ca);
  }

  private static JcaX509v3CertificateBuilder builder(int serial, X500Name subject, KeyPair pair) {
    return new JcaX509v3CertificateBuilder(
        CA_NAME,
        BigInteger.valueOf(serial),
        Date.from(FROM),
        Date.from(UNTIL),
        subject,
        pair.getPublic());
  }

  private static X509Certificate signed(JcaX509v3CertificateBuilder builder, KeyPair ca)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(new JcaContentSignerBuilder("Ed25519").build(ca.getPrivate())));
  }

  private static KeyPair pair(int number) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
    generator.initialize(255, new NoChance(number));
    return generator.generateKeyPair();
  }

  /** For keys that protect nothing. */
  private static final class NoChance extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final byte value;

    private NoChance(int number) {
      value = (byte) number;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      Arrays.fill(bytes, value);
    }
  }
}
