package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What README and documents tell people to type is right use of the command line. */
class DocumentedCommandsTest {
  private static final Pattern COMMAND = Pattern.compile("(?:\\./)?backstay ([^#]*)(?:#.*)?");
  private static final Pattern WORD = Pattern.compile("'[^']*'|\\S+");

  /** Signs of a synopsis, which is for people alone. */
  private static final Pattern SYNOPSIS = Pattern.compile("[\\[|]| {2}|\\bNAME\\b|\\b[A-Z]\\b");

  /** The launcher's own. */
  private static final Set<String> NOT_OF_THE_PROGRAM = Set.of("test", "simulate", "bench");

  static Stream<String> commands() throws IOException {
    Path root = Path.of(System.getProperty("backstay.root", ".."));
    return Stream.concat(
        commands(root.resolve("README.md")), commands(root.resolve("docs/command-line.md")));
  }

  private static Stream<String> commands(Path document) throws IOException {
    return Files.readAllLines(document).stream()
        .map(COMMAND::matcher)
        .filter(line -> line.matches())
        .map(line -> line.group(1).strip())
        .filter(line -> !SYNOPSIS.matcher(line).find())
        .filter(line -> !NOT_OF_THE_PROGRAM.contains(line.split(" ")[0]));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void itCanBeTypedAsItStandsThere(String line) {
    List<String> words =
        WORD.matcher(line).results().map(word -> word.group().replace("'", "")).toList();
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Shell shell =
        new Shell(InputStream.nullInputStream(), nowhere, nowhere, Map.of(), Time.system());
    CommandLine program = Backstay.commands(shell).setCaseInsensitiveEnumValuesAllowed(true);
    assertThatCode(() -> program.parseArgs(words.toArray(String[]::new)))
        .as(line)
        .doesNotThrowAnyException();
  }
}
