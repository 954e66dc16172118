package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Cbor;
import io.backstay.wire.UnreachableException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {
  @TempDir Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Shell shell() {
    return new Shell(
        new ByteArrayInputStream(new byte[0]),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        Map.of("BACKSTAY_DIR", directory.toString()),
        Time.system());
  }

  private int execute(String... args) {
    return Backstay.execute(shell(), args);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private JsonNode error() throws IOException {
    return Cbor.json().readTree(err()).path("error");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "frobnicate",
        "backup full",
        "backup full vol0 --bogus",
        "backup full vol0 --rate-limit fast",
        "backup full -vol0-",
        "backup",
        "restore vol0",
        "restore vol0 --to relative/path",
        "restore vol0 --to /x --gid 1 --label l",
        "restore vol0 --to /x --max-gap 5m",
        "restore vol0 --to /x --at yesterday",
        "volume add vol0 --device /x",
        "volume add vol0 --kind tape --device /x",
        "snapshot take vol0 --label",
        "snapshot enable vol0",
        "point list vol0 --last 0",
        "apply vol0",
        "apply vol0 --gid 1 --at now",
        "merge vol0 --from 3",
        "merge vol0 --from 3 --to 3",
        "export",
        "export --close e",
        "export vol0 --list --gid 3",
        "export vol0 --list --close e",
        "export vol0 --close e --writable",
        "export vol0 --max-gap 5m",
        "kick",
        "status -o xml"
      })
  void aWrongUseOfTheCommandLineEndsWith2(String line) {
    assertThat(execute(line.split(" "))).isEqualTo(2);
    assertThat(out.size()).isZero();
    assertThat(err()).startsWith("backstay: ").contains("[bad-input, exit 2]", "attempted: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-o json backup full",
        "backup full -o json",
        "backup full --output=json",
        "backup full -ojsonl",
        "backup full vol0 --bogus -o json"
      })
  void aWrongUseIsToldInJsonIfJsonWasAskedFor(String line) throws IOException {
    assertThat(execute(line.split(" "))).isEqualTo(2);
    assertThat(error().path("code").asText()).isEqualTo("bad-input");
    assertThat(error().path("exit").asInt()).isEqualTo(2);
    assertThat(error().path("attempted").asText()).isEqualTo("backstay " + line);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"status", "down", "volume list", "run list", "point list vol0", "export --list"})
  void withoutAGroupInTheDirectoryCommandsEndWith6(String line) throws IOException {
    assertThat(execute((line + " -o json").split(" "))).isEqualTo(6);
    assertThat(error().path("code").asText()).isEqualTo("not-found");
    assertThat(error().path("next").asText()).contains("backstay up");
  }

  @Test
  void helpGoesToStdoutAndEndsWith0() {
    assertThat(execute("restore", "--help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("Usage: backstay restore");
    assertThat(err.size()).isZero();
  }

  @TestFactory
  Stream<DynamicTest> everyCommandHasADescriptionAndAnExample() {
    return commands(Backstay.commands(shell())).stream()
        .map(command ->
            DynamicTest.dynamicTest(
                command.getCommandSpec().qualifiedName(), () -> assertExplained(command)));
  }

  private static void assertExplained(CommandLine command) {
    var usage = command.getCommandSpec().usageMessage();
    assertThat(usage.description()).isNotEmpty();
    assertThat(String.join("\n", usage.footer()))
        .contains(command.getCommandSpec().qualifiedName());
    assertThat(command.getCommandSpec().args())
        .allSatisfy(arg -> assertThat(arg.description()).isNotEmpty());
  }

  private static List<CommandLine> commands(CommandLine top) {
    List<CommandLine> all = new ArrayList<>();
    for (CommandLine command : top.getSubcommands().values()) {
      if (command.getCommandSpec().usageMessage().hidden()) continue;
      all.add(command);
      all.addAll(commands(command));
    }
    return all;
  }

  @Test
  void aRefusalKeepsItsCodeItsExitCodeAndItsFourParts() {
    Refusal refusal =
        Refusal.of(RefusalCode.NOT_EMPTY, "the target is not empty")
            .attempted("restore vol0 to /x")
            .found("a file of 3 bytes")
            .next("give --overwrite");
    Failure failure = Failure.of(new RefusedException(refusal), "backstay restore");
    assertThat(failure.exit()).isEqualTo(4);
    assertThat(failure.text().lines())
        .containsExactly(
            "backstay: the target is not empty [not-empty, exit 4]",
            "  attempted: restore vol0 to /x",
            "  found:     a file of 3 bytes",
            "  next:      give --overwrite");
  }

  @Test
  void aServerThatIsAwayEndsWith8() {
    UnreachableException away = new UnreachableException("a0 at 127.0.0.1:1: refused", null);
    Failure failure = Failure.of(away, "backstay point list vol0");
    assertThat(failure.exit()).isEqualTo(8);
    assertThat(failure.code()).isEqualTo("unreachable");
    assertThat(failure.found()).contains("127.0.0.1:1");
  }

  @Test
  void anErrorInJsonHasItsFieldsInTheOrderOfTheContract() {
    Failure failure = new Failure("failed", 1, "m", "a", "f", "n");
    assertThat(Output.line(failure.report()))
        .isEqualTo(
            "{\"error\":{\"code\":\"failed\",\"exit\":1,\"message\":\"m\","
                + "\"attempted\":\"a\",\"found\":\"f\",\"next\":\"n\"}}");
  }
}
