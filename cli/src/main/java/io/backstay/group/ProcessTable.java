package io.backstay.group;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The processes of this machine, as /proc tells them. */
public final class ProcessTable {
  // Places among the fields of /proc/PID/stat that follow the command's name.
  private static final int STATE = 0;
  private static final int THREADS = 17;
  private static final int START_TICKS = 19;

  private final Path proc;

  ProcessTable(Path proc) {
    this.proc = proc;
  }

  public static ProcessTable ofThisMachine() {
    return new ProcessTable(Path.of("/proc"));
  }

  /**
   * The process that has this id now; empty if there is none or only its exit code is left of it.
   * While its first thread has ended and others end, it still has its locks and its ports.
   */
  public Optional<ProcessIdentity> find(long pid) {
    try {
      String stat = Files.readString(proc.resolve(Long.toString(pid)).resolve("stat"));
      // The name stands in parentheses and may itself contain any of ") ".
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
      boolean ended = fields[STATE].equals("Z") || fields[STATE].equals("X");
      if (ended && Integer.parseInt(fields[THREADS]) <= 1) return Optional.empty();
      return Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[START_TICKS]), bootId()));
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Whether that very process still runs: a recycled process id is not mistaken for it. */
  public boolean alive(ProcessIdentity process) {
    return find(process.pid()).filter(process::equals).isPresent();
  }

  /** Living processes that have all these words among their arguments, the lowest id first. */
  public List<ProcessIdentity> withArguments(List<String> words) {
    List<ProcessIdentity> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path entry : entries) {
        if (arguments(entry).containsAll(words)) {
          find(Long.parseLong(entry.getFileName().toString())).ifPresent(found::add);
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    found.sort(java.util.Comparator.comparingLong(ProcessIdentity::pid));
    return found;
  }

  private static List<String> arguments(Path entry) {
    try {
      byte[] line = Files.readAllBytes(entry.resolve("cmdline"));
      return List.of(new String(line, StandardCharsets.UTF_8).split("\0"));
    } catch (IOException e) {
      return List.of();
    }
  }

  private String bootId() throws IOException {
    return Files.readString(proc.resolve("sys/kernel/random/boot_id")).trim();
  }
}
