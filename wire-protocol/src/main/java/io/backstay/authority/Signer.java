package io.backstay.authority;

import io.backstay.model.Bytes;
import io.backstay.model.Grant;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Signed;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;

/** Signs with a signing key of the group (rule K5); {@link Authority} checks. */
public final class Signer {
  private final PrivateKey key;
  private final X509Certificate certificate;

  public Signer(PrivateKey key, X509Certificate certificate) {
    this.key = key;
    this.certificate = certificate;
  }

  /**
   * @throws IOException that names the file which cannot be read
   */
  public static Signer load(Path keyFile, Path certificateFile) throws IOException {
    return new Signer(
        Pem.privateKey(Files.readAllBytes(keyFile), keyFile.toString()),
        Pem.certificate(Files.readAllBytes(certificateFile), certificateFile.toString()));
  }

  /** What a catalog gives for a record (rule M3). */
  public Signed sign(ProtectionRecord record) {
    return sign(Cbor.write(record));
  }

  /** What an operator gives for a destructive step. */
  public Signed sign(Grant grant) {
    return sign(Cbor.write(grant));
  }

  public Signed sign(byte[] content) {
    try {
      Signature signature =
          Signature.getInstance(Authority.signatureAlgorithm(certificate.getPublicKey()));
      signature.initSign(key);
      signature.update(content);
      return new Signed(
          Bytes.of(content), Bytes.of(signature.sign()), Bytes.of(Pem.Der.of(certificate)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          "the key does not fit the certificate of " + certificate.getSubjectX500Principal(), e);
    }
  }

  public X509Certificate certificate() {
    return certificate;
  }
}
