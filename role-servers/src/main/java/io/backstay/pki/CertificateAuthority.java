package io.backstay.pki;

import io.backstay.authority.Authority;
import io.backstay.authority.PeerUri;
import io.backstay.authority.Pem;
import io.backstay.authority.Subject;
import io.backstay.model.Names;
import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/**
 * The private CA of one group (rule K5): one self-signed EC P-256 certificate, whose key never
 * leaves its directory. It issues three kinds of certificates: for TLS between members of the group
 * (EC P-256), for NBD clients (the same, but nobody's for a member), and for signing protection
 * records and grants (Ed25519).
 */
public final class CertificateAuthority {
  static final Period CA_VALIDITY = Period.ofYears(10);
  static final Period VALIDITY = Period.ofYears(1);

  /** Certificates begin this much in the past, for peers whose clock is behind. */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

  /** A certificate also names these, so that it works wherever it is used on its own machine. */
  private static final int P256_BITS = 256;

  private static final List<String> LOOPBACK = List.of("localhost", "127.0.0.1", "::1");

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final String SIGNING_SUFFIX = "-signing";

  private final String group;
  private final X509Certificate certificate;
  private final PrivateKey key;
  private final CertificateFiles files;
  private final Time time;

  private CertificateAuthority(
      String group,
      X509Certificate certificate,
      PrivateKey key,
      CertificateFiles files,
      Time time) {
    this.group = group;
    this.certificate = certificate;
    this.key = key;
    this.files = files;
    this.time = time;
  }

  /**
   * Makes a new CA: {@code ca.crt} and {@code ca.key} in the directory, which is made if it is not
   * there.
   *
   * @throws FileAlreadyExistsException when there is one already
   */
  public static CertificateAuthority create(Path directory, String group, Time time)
      throws IOException {
    Names.require("group", group);
    Files.createDirectories(directory);
    CertificateFiles files = CertificateFiles.named("ca", directory);
    if (Files.exists(files.certificate())) {
      throw new FileAlreadyExistsException(
          files.certificate().toString(),
          null,
          "a group has one CA and this one is never replaced");
    }
    KeyPair pair = ecKey();
    X509Certificate certificate =
        CertificateTemplate.ofAuthority(group, pair.getPublic())
            .selfSigned(pair.getPrivate(), from(time.now()), until(time.now(), CA_VALIDITY));
    // The key first: the certificate says that there is a CA, and a CA always has its key.
    CertificateFiles.publish(files.key(), Pem.of(pair.getPrivate()));
    CertificateFiles.publish(files.certificate(), Pem.of(certificate));
    return new CertificateAuthority(group, certificate, pair.getPrivate(), files, time);
  }

  /**
   * Opens the CA of that group in the directory.
   *
   * @throws IOException when there is none, or it is that of another group
   */
  public static CertificateAuthority open(Path directory, String group, Time time)
      throws IOException {
    CertificateFiles files = CertificateFiles.named("ca", directory);
    X509Certificate certificate = read(files.certificate());
    X500Name expected = CertificateTemplate.authorityName(group);
    X500Name found = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    if (!found.equals(expected)) {
      throw new IOException(
          "%s is the CA '%s', expected '%s': the directory belongs to another group"
              .formatted(files.certificate(), found, expected));
    }
    PrivateKey key = Pem.privateKey(Files.readAllBytes(files.key()), files.key().toString());
    return new CertificateAuthority(group, certificate, key, files, time);
  }

  /** The CA of the directory, made when there is none. */
  public static CertificateAuthority openOrCreate(Path directory, String group, Time time)
      throws IOException {
    return Files.exists(directory.resolve("ca.crt"))
        ? open(directory, group, time)
        : create(directory, group, time);
  }

  public X509Certificate certificate() {
    return certificate;
  }

  /** {@code ca.crt}: what every server of the group needs to know of the CA. */
  public Path certificateFile() {
    return files.certificate();
  }

  /**
   * A new key with a certificate for TLS, valid for a year: {@code NAME.crt} and {@code NAME.key}
   * in the directory; what has these names is replaced.
   *
   * @param hosts host names and addresses under which others reach it; loopback is always among
   *     them
   */
  public CertificateFiles issue(String name, Role role, Path directory, String... hosts)
      throws IOException {
    List<String> names = Stream.concat(LOOPBACK.stream(), Stream.of(hosts)).distinct().toList();
    KeyPair pair = ecKey();
    CertificateTemplate template =
        CertificateTemplate.ofTls(new Peer(group, name, role), pair.getPublic(), names);
    return write(CertificateFiles.named(name, directory), template, pair);
  }

  /**
   * A new Ed25519 key with a certificate for signing, valid for a year: {@code NAME-signing.crt}
   * and {@code NAME-signing.key} in the directory. With role CATALOG it signs protection records,
   * with role OPERATOR grants.
   */
  public CertificateFiles issueSigning(String name, Role role, Path directory) throws IOException {
    KeyPair pair = newKey("Ed25519");
    CertificateTemplate template =
        CertificateTemplate.ofSigning(new Peer(group, name, role), pair.getPublic());
    return write(CertificateFiles.named(name + SIGNING_SUFFIX, directory), template, pair);
  }

  /**
   * A new key with a certificate for an NBD client that may use these volumes and do nothing else
   * in the group. What an earlier call wrote there for the same client is replaced.
   *
   * @param life after which the client needs another certificate: nothing takes one back earlier
   * @throws FileAlreadyExistsException when one of the files is there and is none of these
   */
  public X509Certificate issueClient(String name, Set<String> volumes, Period life, ClientFiles to)
      throws IOException {
    Subject client = new Subject(new Peer(group, name, Role.CLIENT), volumes);
    to.requireReplaceable(this, client.peer());
    if (!Files.exists(to.directory())) Files.createDirectories(to.directory(), OWNER_ONLY);
    KeyPair pair = ecKey();
    X509Certificate issued = issue(CertificateTemplate.ofClient(client, pair.getPublic()), life);
    // In this order, so that after a crash anywhere the same call is not refused.
    CertificateFiles.publish(to.ca(), Pem.of(certificate));
    CertificateFiles.publish(to.certificate(), Pem.of(issued));
    CertificateFiles.publish(to.key(), Pem.of(pair.getPrivate()));
    return issued;
  }

  private CertificateFiles write(CertificateFiles to, CertificateTemplate template, KeyPair pair)
      throws IOException {
    Files.createDirectories(to.key().toAbsolutePath().getParent());
    X509Certificate issued = issue(template);
    CertificateFiles.publish(to.key(), Pem.of(pair.getPrivate()));
    CertificateFiles.publish(to.certificate(), Pem.of(issued));
    return to;
  }

  /**
   * Replaces the certificate by one that is valid for a year from now, if half of its life is over
   * or it does not name these hosts (rule K5). The key stays the same, so that the renewal is the
   * replacement of one file: a server that reads both at any moment finds two that fit.
   *
   * @param hosts host names and addresses under which others reach it, beside those that it has
   * @return whether it was renewed
   * @throws IOException when the file is no certificate that this CA issued
   */
  public boolean renewIfHalfOver(Path certificateFile, String... hosts) throws IOException {
    X509Certificate old = read(certificateFile);
    checkOurs(old, certificateFile);
    Instant begin = old.getNotBefore().toInstant();
    Duration life = Duration.between(begin, old.getNotAfter().toInstant());
    CertificateTemplate like = CertificateTemplate.like(old);
    CertificateTemplate wanted = like.reachedAt(List.of(hosts));
    if (wanted.equals(like) && time.now().isBefore(begin.plus(life.dividedBy(2)))) return false;
    CertificateFiles.publish(certificateFile, Pem.of(issue(wanted)));
    return true;
  }

  void checkOurs(X509Certificate issued, Path file) throws IOException {
    try {
      issued.verify(certificate.getPublicKey());
      Peer peer = PeerUri.peer(issued);
      if (!peer.group().equals(group)) {
        throw new CertificateException("it names " + PeerUri.of(peer));
      }
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "%s holds no certificate of the CA of group %s: %s"
              .formatted(file, group, e.getMessage()),
          e);
    }
  }

  /** Whole days until the certificate ends; negative once it is over. */
  public static long daysLeft(X509Certificate certificate, Instant now) {
    return Math.floorDiv(
        Duration.between(now, certificate.getNotAfter().toInstant()).toSeconds(),
        Duration.ofDays(1).toSeconds());
  }

  /** What checks the signatures of this group. */
  public Authority authority() {
    return new Authority(group, certificate);
  }

  private X509Certificate issue(CertificateTemplate template) throws IOException {
    return issue(template, VALIDITY);
  }

  private X509Certificate issue(CertificateTemplate template, Period life) throws IOException {
    Instant now = time.now();
    Instant caEnd = certificate.getNotAfter().toInstant();
    Instant end = until(now, life);
    return template.issue(certificate, key, from(now), end.isBefore(caEnd) ? end : caEnd);
  }

  private static Instant from(Instant now) {
    return now.minus(CLOCK_SKEW);
  }

  private static Instant until(Instant now, Period validity) {
    return now.atOffset(ZoneOffset.UTC).plus(validity).toInstant();
  }

  static X509Certificate read(Path file) throws IOException {
    return Pem.certificate(Files.readAllBytes(file), file.toString());
  }

  private static KeyPair ecKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      return new KeyPair(pair.getPublic(), withPublicKey(pair));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("every JDK makes P-256 keys", e);
    }
  }

  /**
   * The private key, in whose encoding the public one stands too. The JDK leaves that out, as it
   * may, and GnuTLS then cannot read the file: NBD clients with TLS use it.
   */
  private static PrivateKey withPublicKey(KeyPair pair)
      throws GeneralSecurityException, IOException {
    PrivateKeyInfo bare = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
    BigInteger secret = ECPrivateKey.getInstance(bare.parsePrivateKey()).getKey();
    SubjectPublicKeyInfo open = SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded());
    ECPrivateKey both = new ECPrivateKey(P256_BITS, secret, open.getPublicKeyData(), null);
    byte[] encoded = new PrivateKeyInfo(bare.getPrivateKeyAlgorithm(), both).getEncoded();
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
  }

  private static KeyPair newKey(String algorithm) {
    try {
      return KeyPairGenerator.getInstance(algorithm).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK makes keys of " + algorithm, e);
    }
  }
}
