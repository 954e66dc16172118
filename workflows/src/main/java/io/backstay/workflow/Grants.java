package io.backstay.workflow;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Signed;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;

/** The input field {@code grant}: base64 of the JSON of a {@link Signed} grant (rule K5). */
public final class Grants {
  private static final int CHARACTERS_MAX = 64 * 1024;

  private Grants() {}

  /** What the command line writes into the input. */
  public static String encode(Signed grant) {
    try {
      return Base64.getEncoder().encodeToString(Cbor.json().writeValueAsBytes(grant));
    } catch (JacksonException e) {
      throw new IllegalArgumentException("no JSON for a signed grant", e);
    }
  }

  /**
   * Empty for null. The signature is not checked here: the server that would destroy does it.
   *
   * @throws IllegalArgumentException when the text is not such a grant
   */
  public static Optional<Signed> decode(String text) {
    if (text == null) return Optional.empty();
    if (text.length() > CHARACTERS_MAX) {
      throw new IllegalArgumentException("the grant has more than 64 Ki characters");
    }
    try {
      JsonNode json = Cbor.json().readTree(Base64.getDecoder().decode(text));
      return Optional.of(Cbor.json().treeToValue(json, Signed.class));
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException(
          "the grant is not base64 of a signed grant as the command line makes it: "
              + e.getMessage(),
          e);
    }
  }
}
