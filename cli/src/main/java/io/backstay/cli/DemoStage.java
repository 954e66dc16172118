package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.group.Group;
import io.backstay.group.GroupFile;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.worker.Runs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What all acts of the demo have: a group that runs, and its commands. */
record DemoStage(
    DemoGround ground,
    Narration narration,
    Tools tools,
    Group group,
    GroupConnection connection,
    GroupFile file,
    Time time) {
  Runs runs() throws IOException {
    return connection.runs(file);
  }

  /** Shows a command as one would type it. */
  void show(String... arguments) {
    narration.step("$ backstay " + String.join(" ", arguments));
  }

  /**
   * Shows a command, carries it out in this process, and answers what it answered as JSON.
   *
   * @throws RefusedException when it ends with another code than 0
   */
  JsonNode command(String... arguments) throws IOException, RefusedException {
    show(arguments);
    return answer(arguments);
  }

  /** The same for a command that is only asked again and again. */
  JsonNode answer(String... arguments) throws IOException, RefusedException {
    List<String> line = new ArrayList<>(List.of("-o", "json", "--dir"));
    line.add(ground.layout().directory().toString());
    line.addAll(Arrays.asList(arguments));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Shell shell =
        new Shell(InputStream.nullInputStream(), printer(out), printer(err), Map.of(), time);
    int exit = Backstay.execute(shell, line.toArray(String[]::new));
    if (exit != 0) throw refused(arguments, exit, err.toString(StandardCharsets.UTF_8));
    return Cbor.json().readTree(out.toByteArray());
  }

  private static PrintStream printer(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  /** The error is the last line; what was said on the way stands before it. */
  private static RefusedException refused(String[] arguments, int exit, String said)
      throws IOException {
    String last = said.strip().lines().reduce((_, line) -> line).orElse("{}");
    JsonNode error = Cbor.json().readTree(last).path("error");
    return new RefusedException(
        Refusal.of(
                RefusalCode.of(error.path("code").asText()),
                error.path("message").asText("exit code " + exit))
            .attempted("backstay " + String.join(" ", arguments))
            .found(error.path("found").asText())
            .next(error.path("next").asText()));
  }

  /** Something was compared and differs: what a demo must not hide. */
  static RefusedException differs(String message, String expected, String found) {
    return new RefusedException(
        Refusal.of(RefusalCode.VERIFICATION_FAILED, message)
            .attempted("the demo")
            .found("expected %s, found %s".formatted(expected, found)));
  }
}
