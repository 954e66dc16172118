package io.backstay.cli;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A PostgreSQL server with its files in one directory. It refuses to run as root. */
final class Postgres {
  /** With those that make a directory for its user, and run programs as that user. */
  static final List<String> PROGRAMS = List.of("setpriv", "install", "initdb", "pg_ctl", "psql");

  /** Where Debian keeps the programs of each release. */
  private static final Path RELEASES = Path.of("/usr/lib/postgresql");

  private final Tools tools;
  private final Path files;
  private final Path sockets;
  private final String user;

  /**
   * @param files a directory that is not there yet, or one that a server made
   * @param sockets where clients find it: beside the files, so that a copy of them names no server
   *     that runs
   * @param user as whom it runs
   */
  Postgres(Tools tools, Path files, Path sockets, String user) {
    this.tools = tools;
    this.files = files;
    this.sockets = sockets;
    this.user = user;
  }

  /** Directories with its programs, the newest release first. */
  static List<Path> programs() throws IOException {
    if (!Files.isDirectory(RELEASES)) return List.of();
    try (Stream<Path> releases = Files.list(RELEASES)) {
      return releases.map(release -> release.resolve("bin")).sorted().toList().reversed();
    }
  }

  void make() throws IOException, InterruptedException {
    own(files);
    run("initdb", "-A", "trust", "--no-locale", "-E", "UTF8", "-D", files.toString());
  }

  private void own(Path directory) throws IOException, InterruptedException {
    tools.run("install", "-d", "-o", user, "-m", "700", directory.toString());
  }

  void start() throws IOException, InterruptedException {
    own(sockets);
    // The files of a point say that their server runs: they are of a moment when it did.
    Files.deleteIfExists(files.resolve("postmaster.pid"));
    String options = "-c listen_addresses= -c max_connections=10 -k " + sockets;
    String log = files.resolve("log").toString();
    run("pg_ctl", "-w", "-D", files.toString(), "-o", options, "-l", log, "start");
  }

  void stop() throws IOException, InterruptedException {
    run("pg_ctl", "-w", "-D", files.toString(), "-m", "fast", "stop");
  }

  /** What psql prints, without decoration. */
  String ask(String statement) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(psql());
    line.addAll(List.of("-c", statement));
    return tools.run("setpriv", line.toArray(String[]::new));
  }

  private List<String> psql() {
    return asUser(
        "psql",
        "-X",
        "-A",
        "-t",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        sockets.toString(),
        "-d",
        "postgres");
  }

  /** A client that stays connected. */
  Client connect() throws IOException {
    return new Client(tools.start("setpriv", psql().toArray(String[]::new)));
  }

  /** Statements of which each answers with one line. */
  static final class Client implements Closeable {
    private final Process psql;
    private final Writer statements;
    private final BufferedReader answers;

    private Client(Process psql) {
      this.psql = psql;
      this.statements = psql.outputWriter();
      this.answers = psql.inputReader();
    }

    /**
     * @throws IOException when the server refuses it, or is gone
     */
    String ask(String statement) throws IOException {
      statements.write(statement + ";\n");
      statements.flush();
      String answer = answers.readLine();
      if (answer == null) throw new IOException("no answer to " + statement);
      return answer;
    }

    @Override
    public void close() {
      psql.destroy();
    }
  }

  private void run(String program, String... arguments) throws IOException, InterruptedException {
    tools.run("setpriv", asUser(program, arguments).toArray(String[]::new));
  }

  private List<String> asUser(String program, String... arguments) {
    List<String> line =
        new ArrayList<>(List.of("--reuid", user, "--regid", user, "--clear-groups"));
    line.add(tools.path(program));
    line.addAll(List.of(arguments));
    return line;
  }
}
