package io.backstay.net;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** Why a connection broke, in words for a person who has only the log. */
public final class Reasons {
  private static final int DEPTH_MAX = 16;

  /** How BoringSSL and the JDK say it. */
  private static final List<String> NO_CERTIFICATE =
      List.of("PEER_DID_NOT_RETURN_A_CERTIFICATE", "Empty client certificate chain");

  private Reasons() {}

  public static String of(Throwable thrown) {
    Throwable outer =
        thrown instanceof DecoderException decoder && decoder.getCause() != null
            ? decoder.getCause()
            : thrown;
    if (outer instanceof NotSslRecordException) return "it does not speak TLS";
    if (outer instanceof ClosedChannelException) return "it left without a word";
    Optional<Throwable> refused = certificateFailure(outer);
    if (refused.isPresent()) {
      return "its certificate is refused: %s: %s"
          .formatted(refused.get().getClass().getSimpleName(), text(refused.get()));
    }
    String text = text(outer);
    if (NO_CERTIFICATE.stream().anyMatch(text::contains)) {
      return "it showed no certificate of this group's CA";
    }
    return text.toLowerCase(Locale.ROOT).contains("alert") ? "it refuses us: " + text : text;
  }

  /** The innermost exception of the chain that speaks of a certificate. */
  private static Optional<Throwable> certificateFailure(Throwable outer) {
    return Stream.iterate(outer, Objects::nonNull, Throwable::getCause)
        .limit(DEPTH_MAX)
        .filter(cause ->
            cause instanceof CertificateException || cause instanceof CertPathValidatorException)
        .reduce((earlier, later) -> later);
  }

  private static String text(Throwable thrown) {
    return thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
  }

  /** Whether the bytes just ended, by reset or timeout, which is no fault of the peer. */
  public static boolean isCut(Throwable thrown) {
    return thrown instanceof IOException && !(thrown instanceof SSLException);
  }
}
