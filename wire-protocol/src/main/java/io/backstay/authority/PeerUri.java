package io.backstay.authority;

import io.backstay.model.Role;
import io.backstay.wire.Peer;
import java.net.URI;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * How a certificate says whose it is (rule K5): exactly one subject alternative name of type URI,
 *
 * <pre>
 *   backstay://GROUP/ROLE/NAME        backstay://home/archive/a0
 * </pre>
 */
public final class PeerUri {
  private static final String SCHEME = "backstay";

  /** Type of a subject alternative name, RFC 5280 section 4.2.1.6. */
  private static final Integer URI_NAME = 6;

  private PeerUri() {}

  public static String of(Peer peer) {
    return SCHEME + "://" + peer.group() + "/" + peer.role().word() + "/" + peer.name();
  }

  /**
   * Whom the certificate names. Says nothing about who issued it.
   *
   * @throws CertificateException when it names nobody, or more than one, or not in this form
   */
  public static Peer peer(X509Certificate certificate) throws CertificateException {
    List<String> uris = uris(certificate, SCHEME);
    if (uris.size() != 1) {
      throw new CertificateException(
          "the certificate of '%s' holds %d names of the form backstay://GROUP/ROLE/NAME, expected one"
              .formatted(certificate.getSubjectX500Principal(), uris.size()));
    }
    return parse(uris.getFirst());
  }

  /** The subject alternative names of type URI that have this scheme. */
  static List<String> uris(X509Certificate certificate, String scheme) throws CertificateException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names == null) return List.of();
    return names.stream()
        .filter(name -> URI_NAME.equals(name.getFirst()))
        .map(name -> (String) name.get(1))
        .filter(uri -> uri.startsWith(scheme + ":"))
        .toList();
  }

  private static Peer parse(String text) throws CertificateException {
    try {
      URI uri = URI.create(text);
      String[] path = uri.getRawPath().split("/", -1);
      if (path.length != 3 || !text.equals(of(peer(uri.getRawAuthority(), path)))) {
        throw new IllegalArgumentException("not of the form backstay://GROUP/ROLE/NAME");
      }
      return peer(uri.getRawAuthority(), path);
    } catch (IllegalArgumentException | NullPointerException e) {
      throw new CertificateException(
          "the certificate names '%s': %s".formatted(text, e.getMessage()), e);
    }
  }

  private static Peer peer(String group, String[] path) {
    Role role =
        Arrays.stream(Role.values())
            .filter(known -> known.word().equals(path[1]))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no role is called " + path[1]));
    return new Peer(group, path[2], role);
  }
}
