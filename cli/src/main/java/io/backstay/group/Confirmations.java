package io.backstay.group;

import com.fasterxml.jackson.core.type.TypeReference;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** When each server of the group last answered a status, so that "unknown" can say since when. */
final class Confirmations {
  private final Path file;
  private final Map<String, Instant> last;

  private Confirmations(Path file, Map<String, Instant> last) {
    this.file = file;
    this.last = new TreeMap<>(last);
  }

  /** What was noted before; a file that cannot be read says nothing. */
  static Confirmations read(Path file) {
    try {
      byte[] json = Files.readAllBytes(file);
      return new Confirmations(
          file, Cbor.json().readValue(json, new TypeReference<Map<String, Instant>>() {}));
    } catch (IOException e) {
      return new Confirmations(file, Map.of());
    }
  }

  void confirmed(String server, Instant now) {
    last.put(server, now);
  }

  Optional<Instant> last(String server) {
    return Optional.ofNullable(last.get(server));
  }

  Map<String, Instant> all() {
    return Map.copyOf(last);
  }

  /** Best effort: a status is no less true if this cannot be noted. */
  void write() {
    try {
      Files.write(file, Cbor.json().writeValueAsBytes(last));
    } catch (IOException e) {
      // The next status tells an older moment, which is still one at which the server was seen.
    }
  }
}
