package io.backstay.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What /proc says of processes. */
final class ProcessTable {
  private static final Path PROC = Path.of("/proc");

  /** Linux has shown times in 1/100 s to programs for decades, whatever its own tick is. */
  private static final double TICKS_PER_SECOND = 100;

  /** What proc(5) has for "reset the peak". */
  private static final String FORGET_PEAK = "5";

  private ProcessTable() {}

  /**
   * @param cpuSeconds user and system time of all its threads so far
   */
  record Row(long pid, long session, double cpuSeconds) {}

  static Optional<Row> row(long pid) {
    try {
      String stat = Files.readString(PROC.resolve(pid + "/stat"));
      // The name stands in parentheses and may hold anything, so count from the last one.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
      return Optional.of(new Row(pid, Long.parseLong(fields[3]), ticks / TICKS_PER_SECOND));
    } catch (IOException e) {
      return Optional.empty(); // it ended
    }
  }

  /** The processes of a session: a command that was started with setsid, and what it started. */
  static List<Row> session(long session) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (DirectoryStream<Path> pids = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path pid : pids) {
        row(Long.parseLong(pid.getFileName().toString()))
            .filter(row -> row.session() == session)
            .ifPresent(rows::add);
      }
    }
    return rows;
  }

  /** Largest resident set so far; 0 once it ended. */
  static long peakBytes(long pid) {
    return status(pid, "VmHWM");
  }

  /**
   * What is resident now.
   *
   * @param files mapped ones: code, classes, the AOT cache
   * @param shared memory that other processes may have too: the tails of logged volumes
   */
  record Resident(long anonymous, long files, long shared) {}

  static Resident resident(long pid) {
    return new Resident(status(pid, "RssAnon"), status(pid, "RssFile"), status(pid, "RssShmem"));
  }

  /** Bytes; 0 once it ended. */
  private static long status(long pid, String name) {
    try {
      for (String line : Files.readAllLines(PROC.resolve(pid + "/status"))) {
        if (line.startsWith(name + ":")) return Long.parseLong(line.split("\\s+")[1]) << 10;
      }
    } catch (IOException e) {
      // It ended.
    }
    return 0;
  }

  /** What it has now is its largest resident set so far. */
  static void forgetPeak(long pid) throws IOException {
    Files.writeString(PROC.resolve(pid + "/clear_refs"), FORGET_PEAK);
  }
}
