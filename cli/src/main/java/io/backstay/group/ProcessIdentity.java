package io.backstay.group;

import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process and no other: a process id alone is used again by somebody else.
 *
 * @param startTicks when it began, in clock ticks since the machine booted
 * @param bootId of that boot
 */
public record ProcessIdentity(long pid, long startTicks, String bootId) {
  void write(Path file) throws IOException {
    SmallFile.replace(file, Cbor.json().writeValueAsBytes(this));
  }

  /** Empty if there is no such file, or none that can be read. */
  static Optional<ProcessIdentity> read(Path file) {
    try {
      return Optional.of(Cbor.json().readValue(Files.readAllBytes(file), ProcessIdentity.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
