package io.backstay.authority;

import io.backstay.model.Names;
import io.backstay.model.Role;
import io.backstay.wire.Peer;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whom a certificate names and, of an NBD client, which volumes it may use (rule K5): one subject
 * alternative name of type URI for each, beside that of {@link PeerUri},
 *
 * <pre>
 *   backstay-volume://GROUP/NAME        backstay-volume://home/vol0
 * </pre>
 *
 * @param volumes empty unless the peer is a {@link Role#CLIENT}
 */
public record Subject(Peer peer, Set<String> volumes) {
  private static final String SCHEME = "backstay-volume";

  public Subject {
    Objects.requireNonNull(peer, "peer");
    volumes = Set.copyOf(volumes);
    for (String volume : volumes) Names.require("volume", volume);
    if (volumes.isEmpty() == (peer.role() == Role.CLIENT)) {
      throw new IllegalArgumentException(
          "%s names %d volumes: a client names those it may use, nobody else names any"
              .formatted(PeerUri.of(peer), volumes.size()));
    }
  }

  /**
   * What the certificate says. Says nothing about who issued it.
   *
   * @throws CertificateException when it names nobody, or more than one, or not in this form
   */
  public static Subject of(X509Certificate certificate) throws CertificateException {
    Peer peer = PeerUri.peer(certificate);
    Set<String> volumes = new TreeSet<>();
    String start = start(peer);
    for (String uri : PeerUri.uris(certificate, SCHEME)) {
      if (!uri.startsWith(start)) {
        throw new CertificateException(
            "the certificate of %s names '%s': a volume of another group"
                .formatted(PeerUri.of(peer), uri));
      }
      volumes.add(uri.substring(start.length()));
    }
    try {
      return new Subject(peer, volumes);
    } catch (IllegalArgumentException e) {
      throw new CertificateException(e.getMessage(), e);
    }
  }

  /** The names that a certificate of this subject has. */
  public List<String> uris() {
    String start = start(peer);
    List<String> uris = new ArrayList<>(List.of(PeerUri.of(peer)));
    for (String volume : new TreeSet<>(volumes)) uris.add(start + volume);
    return uris;
  }

  private static String start(Peer peer) {
    return SCHEME + "://" + peer.group() + "/";
  }

  /** Whether it may read and write the volume as a block device. */
  public boolean mayUse(String volume) {
    return switch (peer.role()) {
      case OPERATOR -> true;
      case CLIENT -> volumes.contains(volume);
      case CATALOG, STORAGE, PROXY, ARCHIVE, WORKER -> false;
    };
  }
}
