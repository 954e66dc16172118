package io.backstay.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataFileTest {
  private static final Sample SAMPLE = new Sample("vol0", 7, Optional.empty());

  private static final String GOLDEN =
      """
      backstay-metadata 1 crc32c=d1b9e896 bytes=54
      {
        "volume" : "vol0",
        "gid" : 7,
        "label" : null
      }\
      """;

  private final Directory directory = new MemoryDisk().directory("/volumes/vol0");
  private final MetadataFile<Sample> file = new MetadataFile<>(directory, "metadata", Sample.class);

  record Sample(String volume, long gid, Optional<String> label) {}

  private void put(String content) throws IOException {
    directory.publish("metadata", content.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theFileIsExactlyWhatIsDrawn() throws IOException {
    file.publish(SAMPLE);
    assertThat(new String(directory.read("metadata"), StandardCharsets.UTF_8)).isEqualTo(GOLDEN);
  }

  @Test
  void whatWasWrittenIsReadAndAnAbsentFileIsNothing() throws IOException {
    assertThat(file.load()).isEmpty();
    put(GOLDEN);
    assertThat(file.load()).contains(SAMPLE);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      value = {
        "backstay-metadata 1, backstay-metadata 2, first line",
        "crc32c=d1b9e896, crc32c=d1b9e897, checksum",
        "bytes=54, bytes=55, 55",
        "\"gid\" : 7, \"gid\" : 8, checksum",
        "\"label\" : null, \"label\" : nul, 53 bytes"
      })
  void damageIsSaidAndNeverReadRuleX9(String right, String wrong, String reason) throws Exception {
    put(GOLDEN.replace(right, wrong));
    assertThatThrownBy(file::load)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(reason)
        .hasMessageContaining("Nothing was changed");
  }
}
