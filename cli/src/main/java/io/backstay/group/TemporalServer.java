package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Temporal server that the group runs itself: which build of it, and how it is started. SQLite
 * state files are never migrated, so a state file is opened only by the build that made it.
 */
final class TemporalServer {
  private static final Pattern SERVER_VERSION = Pattern.compile("Server ([0-9][^,) ]*)");

  /** Attributes by which runs are found in the web UI; the worker checks them again (rule F3). */
  static final List<String> SEARCH_ATTRIBUTES =
      List.of("BackstayVolume=Keyword", "BackstayServer=Keyword");

  /** Tells the file in which the path of the build stands. */
  private static final String BINARY = "binary";

  private final Layout layout;
  private final Launch launch;

  TemporalServer(Layout layout, Launch launch) {
    this.layout = layout;
    this.launch = launch;
  }

  static Member member(Layout layout, GroupFile group, String binary) {
    GroupFile.TemporalPlace place = group.temporal();
    List<String> command = new ArrayList<>(List.of(binary));
    command.addAll(Member.mark(layout, Member.TEMPORAL));
    command.addAll(List.of("--ip", "127.0.0.1"));
    command.addAll(List.of("--port", port(place.address())));
    command.addAll(List.of("--http-port", port(place.httpAddress().orElseThrow())));
    command.addAll(List.of("--ui-port", port(place.uiUrl())));
    command.addAll(List.of("--namespace", place.namespace(), "--log-level", "warn"));
    for (String attribute : SEARCH_ATTRIBUTES) {
      command.addAll(List.of("--search-attribute", attribute));
    }
    return new Member(Member.TEMPORAL, command);
  }

  private static String port(String address) {
    return address.substring(address.lastIndexOf(':') + 1);
  }

  /** The build that {@link #require} settled on. */
  static Optional<String> recordedBinary(Layout layout) throws IOException {
    Path file = layout.temporal().resolve(BINARY);
    return Files.isRegularFile(file)
        ? Optional.of(Files.readString(file).trim())
        : Optional.empty();
  }

  /**
   * Makes sure that there is a build that may open the state file, and records it. Building one
   * takes minutes; its progress goes to stderr.
   */
  void require() throws RefusedException, IOException, InterruptedException {
    String binary = install();
    String version = versionOf(binary);
    Path recorded = layout.temporalVersion();
    if (Files.exists(layout.temporalState()) && Files.exists(recorded)) {
      String owner = Files.readString(recorded).trim();
      if (!owner.equals(version)) throw wrongBuild(binary, version, owner);
    }
    SmallFile.replace(recorded, version.getBytes(StandardCharsets.UTF_8));
    SmallFile.replace(layout.temporal().resolve(BINARY), binary.getBytes(StandardCharsets.UTF_8));
  }

  private RefusedException wrongBuild(String binary, String version, String owner) {
    return new RefusedException(
        Refusal.of(
                RefusalCode.WRONG_STATE,
                "the state file of the Temporal server belongs to another build of it")
            .attempted("open " + layout.temporalState() + " with " + binary)
            .found("the file was made by server " + owner + ", this build is server " + version)
            .next(
                "set BACKSTAY_TEMPORAL to a build of server "
                    + owner
                    + ", or use a Temporal server of your own: up --temporal HOST:PORT"));
  }

  private String install() throws RefusedException, IOException, InterruptedException {
    String own = System.getenv("BACKSTAY_TEMPORAL");
    Optional<Path> script =
        launch
            .source()
            .map(tree -> tree.resolve("deployment/temporal/install.sh"))
            .filter(Files::isRegularFile);
    if (script.isEmpty()) {
      if (own != null && Files.isExecutable(Path.of(own))) return own;
      throw none("there is no deployment/temporal/install.sh beside the launcher");
    }
    ProcessBuilder builder =
        new ProcessBuilder(script.get().toString())
            .redirectInput(new java.io.File("/dev/null"))
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("BACKSTAY_DIR", layout.directory().toString());
    Process process = builder.start();
    String answer;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      answer = reader.readLine();
    }
    int exit = process.waitFor();
    if (exit != 0 || answer == null) throw none("%s ended with %d".formatted(script.get(), exit));
    return answer;
  }

  private static RefusedException none(String found) {
    return new RefusedException(
        Refusal.of(RefusalCode.UNREACHABLE, "there is no Temporal server, and none can be had")
            .attempted("find or build the Temporal server that runs the workflows")
            .found(found)
            .next(
                "set BACKSTAY_TEMPORAL to a temporal binary, or up --temporal HOST:PORT for a server"
                    + " of your own"));
  }

  private static String versionOf(String binary)
      throws RefusedException, IOException, InterruptedException {
    Process process = new ProcessBuilder(binary, "--version").redirectErrorStream(true).start();
    process.getOutputStream().close();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    Matcher matcher = SERVER_VERSION.matcher(answer);
    if (!matcher.find()) throw none(binary + " --version says: " + answer.trim());
    return matcher.group(1);
  }
}
