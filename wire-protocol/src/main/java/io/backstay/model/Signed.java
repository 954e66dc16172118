package io.backstay.model;

import java.util.Objects;

/**
 * Bytes with a signature and the signer's certificate, checked with {@code io.backstay.authority}.
 *
 * @param content CBOR of a {@link ProtectionRecord} (signed by the catalog) or of a {@link Grant}
 *     (signed by an operator)
 * @param certificate X.509, DER
 */
public record Signed(Bytes content, Bytes signature, Bytes certificate) {
  public Signed {
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(signature, "signature");
    Objects.requireNonNull(certificate, "certificate");
  }
}
