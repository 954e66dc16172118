package io.backstay.cli;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A PostgreSQL server on an ext4 file system on the volume. */
final class DatabaseTenant implements Tenant {
  private static final String TABLE = "readings";

  /** Of the directory of the demo: that of a Unix socket below it must not be too long. */
  private static final int PATH_CHARACTERS_MAX = 80;

  private final Tools tools;
  private final Time time;
  private final Path directory;
  private final String user;
  private Optional<DemoDisk> disk = Optional.empty();
  private Optional<Postgres> server = Optional.empty();
  private Optional<Postgres.Client> client = Optional.empty();

  private DatabaseTenant(Tools tools, Time time, Path directory, String user) {
    this.tools = tools;
    this.time = time;
    this.directory = directory;
    this.user = user;
  }

  /**
   * @param directory that its user must be able to enter
   */
  static DatabaseTenant in(Path directory, Tools tools, Time time)
      throws IOException, InterruptedException {
    Tools all = tools.alsoIn(Postgres.programs());
    String user = all.succeeds("id", "postgres") ? "postgres" : "nobody";
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    return new DatabaseTenant(all, time, directory, user);
  }

  /** Why this machine does not allow it; empty if it seems to. */
  static Optional<String> obstacle(Path directory, Tools tools)
      throws IOException, InterruptedException {
    if (!System.getProperty("user.name").equals("root")) return Optional.of("that needs root");
    for (String device : List.of("/dev/fuse", "/dev/loop-control"))
      if (!Files.exists(Path.of(device))) return Optional.of("there is no " + device);
    List<String> programs = new ArrayList<>(DemoDisk.PROGRAMS);
    programs.addAll(Postgres.PROGRAMS);
    Optional<String> missing = tools.alsoIn(Postgres.programs()).missing(programs);
    if (missing.isPresent())
      return Optional.of(
          missing.get() + " missing; on Debian and Ubuntu: apt install nbdfuse fuse3 postgresql");
    if (directory.toString().length() > PATH_CHARACTERS_MAX)
      return Optional.of("the path of the demo is too long for a Unix socket");
    return Optional.empty();
  }

  @Override
  public String words() {
    return "a PostgreSQL server on an ext4 file system";
  }

  @Override
  public void moveIn(String nbdUri) throws IOException, InterruptedException {
    Path own = directory.resolve("live");
    DemoDisk attached = DemoDisk.attach(tools, time, own, nbdUri);
    disk = Optional.of(attached);
    attached.format();
    Postgres made = on(attached.mount(), own);
    made.make();
    made.start();
    server = Optional.of(made);
    made.ask(
        "CREATE TABLE %s (number bigint PRIMARY KEY, written timestamptz, text text)"
            .formatted(TABLE));
    client = Optional.of(made.connect());
  }

  private Postgres on(Path mounted, Path own) {
    return new Postgres(tools, mounted.resolve(DemoMounts.DATABASE), own.resolve("sockets"), user);
  }

  @Override
  public void write(long number, String text) throws IOException {
    client
        .orElseThrow()
        .ask(
            "INSERT INTO %s VALUES (%d, clock_timestamp(), '%s') RETURNING number"
                .formatted(TABLE, number, text));
  }

  /** None: a database is consistent at every moment. */
  @Override
  public Duration restBeforeMistake() {
    return Duration.ZERO;
  }

  @Override
  public String makeMistake() throws IOException, InterruptedException {
    String statement = "DROP TABLE " + TABLE;
    server.orElseThrow().ask(statement);
    return "postgres=# " + statement + ";";
  }

  @Override
  public Map<Long, String> rowsIn(String nbdUri) throws IOException, InterruptedException {
    Path own = directory.resolve("before");
    try (DemoDisk attached = DemoDisk.attach(tools, time, own, nbdUri)) {
      Postgres second = on(attached.mount(), own);
      second.start();
      String printed = second.ask("SELECT number, text FROM %s ORDER BY number".formatted(TABLE));
      second.stop();
      Map<Long, String> rows = new TreeMap<>();
      printed
          .lines()
          .map(line -> line.split("\\|"))
          .forEach(fields -> rows.put(Long.parseLong(fields[0]), fields[1]));
      return rows;
    }
  }

  @Override
  public void moveOut() throws IOException, InterruptedException {
    client.ifPresent(Postgres.Client::close);
    if (server.isPresent()) server.get().stop();
    server = Optional.empty();
    close();
  }

  @Override
  public void close() throws IOException {
    client.ifPresent(Postgres.Client::close);
    if (disk.isPresent()) disk.get().close();
    disk = Optional.empty();
  }
}
