package io.backstay.authority;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and private keys as text (RFC 7468). One object per text; others are ignored. */
public final class Pem {
  private static final String CERTIFICATE = "CERTIFICATE";
  private static final String PRIVATE_KEY = "PRIVATE KEY";
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private Pem() {}

  public static byte[] of(X509Certificate certificate) {
    return text(CERTIFICATE, Der.of(certificate));
  }

  /** PKCS#8. */
  public static byte[] of(PrivateKey key) {
    return text(PRIVATE_KEY, key.getEncoded());
  }

  private static byte[] text(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, LINES.encodeToString(der), label)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * @param origin for the message: the file's path
   * @throws IOException when there is no certificate in the text, or it cannot be read
   */
  public static X509Certificate certificate(byte[] pem, String origin) throws IOException {
    try {
      return Der.certificate(body(CERTIFICATE, pem, origin));
    } catch (CertificateException e) {
      throw new IOException(origin + " holds a certificate that cannot be read: " + e, e);
    }
  }

  /**
   * An EC or Ed25519 key in PKCS#8.
   *
   * @param origin for the message: the file's path
   * @throws IOException when there is no such key in the text
   */
  public static PrivateKey privateKey(byte[] pem, String origin) throws IOException {
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(body(PRIVATE_KEY, pem, origin));
    for (String algorithm : new String[] {"EC", "Ed25519"}) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (GeneralSecurityException notOfThisKind) {
        // The next kind may fit.
      }
    }
    throw new IOException(origin + " holds a private key that is neither EC nor Ed25519 in PKCS#8");
  }

  private static byte[] body(String label, byte[] pem, String origin) throws IOException {
    Matcher object =
        Pattern.compile("-----BEGIN " + label + "-----([^-]*)-----END " + label + "-----")
            .matcher(new String(pem, StandardCharsets.US_ASCII));
    if (!object.find()) throw new IOException(origin + " holds no PEM object '" + label + "'");
    try {
      return Base64.getMimeDecoder().decode(object.group(1));
    } catch (IllegalArgumentException e) {
      throw new IOException(origin + " holds a '" + label + "' that is not base64", e);
    }
  }

  /** The same objects as bytes (X.690). */
  static final class Der {
    private Der() {}

    static byte[] of(X509Certificate certificate) {
      try {
        return certificate.getEncoded();
      } catch (CertificateException e) {
        throw new IllegalArgumentException("a certificate that has no encoding", e);
      }
    }

    static X509Certificate certificate(byte[] der) throws CertificateException {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    }
  }
}
