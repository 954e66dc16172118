package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of a logged volume against real processes; answers fit their schemas. */
class ServingCommandsTest {
  @TempDir Path directory;

  /** Rules M2 and K5. */
  @Test
  void aLoggedVolumeIsServedStoppedStartedAndReset() throws Exception {
    LiveGroup.requireTemporal();
    try (LiveGroup group = new LiveGroup(directory.resolve("group"))) {
      group.up();
      String[] add = {
        "volume",
        "add",
        "vol1",
        "--kind",
        "logged",
        "--size",
        "32M",
        "--log-size",
        "64M",
        "--tail-size",
        "8M",
        "--on-log-full",
        "block"
      };
      group.backstay(add).fitting("volume-add");
      JsonNode shown = group.backstay("volume", "show", "vol1").fitting("volume-show");
      assertThat(shown.path("volume").path("log").path("protectedNow").asBoolean()).isFalse();
      group.backstay("volume", "list").fitting("volume-list");

      LiveGroup.Ran refused = group.backstay("snapshot", "take", "vol1", "--label", "early");
      assertThat(refused.exit()).isEqualTo(4);
      assertThat(refused.error().path("code").asText()).isEqualTo("not-protected");

      JsonNode stopped = group.backstay("volume", "stop", "vol1").fitting("volume-serving");
      assertThat(stopped.path("state").asText()).isEqualTo("STOPPED");
      assertThat(group.backstay("volume", "stop", "nothing").exit()).isEqualTo(6);
      JsonNode started = group.backstay("volume", "start", "vol1").fitting("volume-serving");
      assertThat(started.path("nbdUri").asText()).startsWith("nbd+unix:");

      assertThat(group.backstay("volume", "reset", "vol1").exit()).isEqualTo(12);
      JsonNode reset = group.backstay("volume", "reset", "vol1", "--yes").fitting("volume-serving");
      assertThat(reset.path("session").asInt()).isEqualTo(1);
      group.backstay("volume", "accept-loss", "vol1", "--yes").fitting("volume-serving");
    }
  }
}
