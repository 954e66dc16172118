package io.backstay.group;

import io.backstay.authority.Signer;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Who the person at the command line is to the group: a certificate for TLS, and one that signs
 * grants (rule K5). All keys have mode 0600 in a directory of mode 0700.
 */
public record OperatorFiles(Path certificate, Path key, Path ca, Signing signing) {
  public static final String NAME = "operator";

  /** Key and certificate that sign grants. */
  public record Signing(Path certificate, Path key) {
    public Signer load() throws IOException {
      return Signer.load(key, certificate);
    }
  }

  public static OperatorFiles of(Layout layout) {
    Path directory = layout.operator();
    return new OperatorFiles(
        directory.resolve(NAME + ".crt"),
        directory.resolve(NAME + ".key"),
        layout.authority().resolve("ca.crt"),
        new Signing(
            directory.resolve(NAME + "-signing.crt"), directory.resolve(NAME + "-signing.key")));
  }
}
