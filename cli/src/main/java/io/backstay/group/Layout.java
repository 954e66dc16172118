package io.backstay.group;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where the group on this machine keeps what, below one directory that only its owner may enter:
 *
 * <pre>
 * group.json            group id, servers, ports: chosen once ({@link GroupFile})
 * ca/                   key and certificate of the group's authority
 * certs/NAME.crt, .key  one pair per server
 * operator/             certificate and keys of the person at the command line
 * configs/NAME.json     what "server run --config" reads
 * restores/             where restores that nobody signed for may write
 * servers/NAME/         what the server keeps durable
 * temporal/             state file of the Temporal server, and the version of the build that owns it
 * logs/NAME.log         rotated by the server itself; NAME.out: what the process printed
 * run/NAME.json         process ids; supervisor.lock, change.lock, confirmed.json
 * </pre>
 */
public record Layout(Path directory) {
  private static final String OWNER_ONLY = "rwx------";

  public Layout {
    directory = directory.toAbsolutePath().normalize();
  }

  public Path groupFile() {
    return directory.resolve("group.json");
  }

  public Path authority() {
    return directory.resolve("ca");
  }

  public Path certificates() {
    return directory.resolve("certs");
  }

  public Path operator() {
    return directory.resolve("operator");
  }

  public Path config(String server) {
    return directory.resolve("configs").resolve(server + ".json");
  }

  public Path serverDirectory(String server) {
    return directory.resolve("servers").resolve(server);
  }

  /** Below it a restore that nobody signed for may make new files (rule K5). */
  public Path restores() {
    return directory.resolve("restores");
  }

  public Path temporal() {
    return directory.resolve("temporal");
  }

  /** The SQLite file of the Temporal server. */
  public Path temporalState() {
    return temporal().resolve("state.db");
  }

  /** The version of the one build that may open {@link #temporalState()}. */
  public Path temporalVersion() {
    return temporal().resolve("state.version");
  }

  public Path log(String process) {
    return directory.resolve("logs").resolve(process + ".log");
  }

  /** What a process wrote to stdout and stderr. */
  public Path printed(String process) {
    return directory.resolve("logs").resolve(process + ".out");
  }

  public Path processFile(String process) {
    return directory.resolve("run").resolve(process + ".json");
  }

  /** Held by the supervisor as long as it lives. */
  public Path supervisorLock() {
    return directory.resolve("run").resolve("supervisor.lock");
  }

  /** Held by whoever changes which processes run: up, down, demo. */
  public Path changeLock() {
    return directory.resolve("run").resolve("change.lock");
  }

  /** When each server was last heard of by a command. */
  public Path confirmations() {
    return directory.resolve("run").resolve("confirmed.json");
  }

  public boolean exists() {
    return Files.isRegularFile(groupFile());
  }

  /** Makes the directories that are missing. */
  void make() throws IOException {
    var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY));
    Files.createDirectories(directory, owner);
    for (String name :
        new String[] {"certs", "configs", "servers", "restores", "temporal", "logs", "run"}) {
      Files.createDirectories(directory.resolve(name), owner);
    }
  }
}
