package io.backstay.volume;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.backstay.seam.Directory;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * A small value as a file that people can read, replaced atomically: one line with the checksum of
 * all that follows, then JSON.
 *
 * <pre>
 *   backstay-metadata 1 crc32c=0f1e2d3c bytes=532
 *   { ... }
 * </pre>
 */
public final class MetadataFile<T> {
  private static final Pattern FIRST_LINE =
      Pattern.compile("backstay-metadata 1 crc32c=([0-9a-f]{8}) bytes=(\\d{1,9})");

  private final Directory directory;
  private final String name;
  private final Class<T> type;

  public MetadataFile(Directory directory, String name, Class<T> type) {
    this.directory = directory;
    this.name = name;
    this.type = type;
  }

  /**
   * Empty where there is no such file. A file that is damaged, or not ours, is an IOException that
   * says so.
   */
  public Optional<T> load() throws IOException {
    if (!directory.has(name)) return Optional.empty();
    byte[] content = directory.read(name);
    int end = 0;
    while (end < content.length && content[end] != '\n') end++;
    Matcher line = FIRST_LINE.matcher(new String(content, 0, end, StandardCharsets.US_ASCII));
    if (!line.matches()) throw damaged("its first line is not one of Backstay's");
    int length = content.length - end - 1;
    if (length != Integer.parseInt(line.group(2))) {
      throw damaged(
          "it has %d bytes behind its first line, which says %s".formatted(length, line.group(2)));
    }
    String checksum = checksum(content, end + 1, length);
    if (!checksum.equals(line.group(1))) {
      throw damaged(
          "its checksum is %s, its first line says %s".formatted(checksum, line.group(1)));
    }
    try {
      return Optional.of(Cbor.json().readValue(content, end + 1, length, type));
    } catch (JsonProcessingException e) {
      throw damaged(
          "its checksum is right but it is not what this release writes: "
              + e.getOriginalMessage());
    }
  }

  private IOException damaged(String how) {
    return new IOException(
        "cannot read %s in %s: %s. Nothing was changed; put back a copy of this file, or clear the volume and add it again"
            .formatted(name, directory.description(), how));
  }

  /** Durable when it returns. */
  public void publish(T value) throws IOException {
    byte[] json = Cbor.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(value);
    String line =
        "backstay-metadata 1 crc32c=%s bytes=%d\n"
            .formatted(checksum(json, 0, json.length), json.length);
    byte[] first = line.getBytes(StandardCharsets.US_ASCII);
    byte[] content = new byte[first.length + json.length];
    System.arraycopy(first, 0, content, 0, first.length);
    System.arraycopy(json, 0, content, first.length, json.length);
    directory.publish(name, content);
  }

  private static String checksum(byte[] content, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(content, offset, length);
    return "%08x".formatted(crc.getValue());
  }
}
