package io.backstay.pki;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;

/**
 * Where a certificate and its key lie.
 *
 * @param certificate PEM
 * @param key PEM, PKCS#8, readable by its owner only
 */
public record CertificateFiles(Path certificate, Path key) {
  public CertificateFiles {
    Objects.requireNonNull(certificate, "certificate");
    Objects.requireNonNull(key, "key");
  }

  /** The files {@code NAME.crt} and {@code NAME.key} in the directory. */
  static CertificateFiles named(String name, Path directory) {
    return new CertificateFiles(directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
  }

  public boolean exist() {
    return Files.exists(certificate) && Files.exists(key);
  }

  /**
   * Replaces a file of mode 0600 so that after any crash the old or the new one is there, whole.
   */
  static void publish(Path file, byte[] content) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    Files.deleteIfExists(temporary);
    try (FileChannel out =
        FileChannel.open(
            temporary,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer rest = ByteBuffer.wrap(content);
      while (rest.hasRemaining()) out.write(rest);
      out.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent(), "directory");
    try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
      parent.force(true);
    }
  }
}
