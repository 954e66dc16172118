package io.backstay.group;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Which processes serve the group of a directory now. A process is known by the file that its
 * starter wrote; one whose starter died before that, by its arguments, which name files of the
 * directory.
 */
final class Processes {
  private final Layout layout;
  private final ProcessTable table;

  Processes(Layout layout, ProcessTable table) {
    this.layout = layout;
    this.table = table;
  }

  /** The living process of that name. */
  Optional<ProcessIdentity> find(String name) {
    return ProcessIdentity.read(layout.processFile(name))
        .filter(table::alive)
        .or(() -> table.withArguments(Member.mark(layout, name)).stream().findFirst());
  }

  /** Every living process of that name: two only if a start was interrupted. */
  List<ProcessIdentity> findAll(String name) {
    return java.util.stream.Stream.concat(
            ProcessIdentity.read(layout.processFile(name)).filter(table::alive).stream(),
            table.withArguments(Member.mark(layout, name)).stream())
        .distinct()
        .toList();
  }

  boolean alive(ProcessIdentity process) {
    return table.alive(process);
  }

  /** Writes down that this process serves under that name from now on. */
  Optional<ProcessIdentity> record(String name, long pid) throws IOException {
    Optional<ProcessIdentity> process = table.find(pid);
    if (process.isPresent()) process.get().write(layout.processFile(name));
    return process;
  }
}
