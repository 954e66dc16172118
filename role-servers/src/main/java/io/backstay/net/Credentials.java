package io.backstay.net;

import io.backstay.authority.Pem;
import io.backstay.model.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * What a process shows to its group and how it knows the others (rule K5). The files are read again
 * when they change, so that a renewed certificate needs no restart.
 *
 * @param certificate PEM
 * @param key PEM, PKCS#8
 * @param ca PEM: the only issuer that is trusted
 */
public record Credentials(String group, Path certificate, Path key, Path ca) {
  public Credentials {
    Names.require("group", group);
    Objects.requireNonNull(certificate, "certificate");
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(ca, "ca");
  }

  /** What tells one state of the files from another. */
  String stamp() throws IOException {
    return stamp(certificate) + stamp(key) + stamp(ca);
  }

  private static String stamp(Path file) throws IOException {
    BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
    return "%s %d %s;".formatted(facts.lastModifiedTime(), facts.size(), facts.fileKey());
  }

  java.security.cert.X509Certificate readCertificate() throws IOException {
    return Pem.certificate(Files.readAllBytes(certificate), certificate.toString());
  }

  java.security.cert.X509Certificate readCa() throws IOException {
    return Pem.certificate(Files.readAllBytes(ca), ca.toString());
  }

  java.security.PrivateKey readKey() throws IOException {
    return Pem.privateKey(Files.readAllBytes(key), key.toString());
  }
}
