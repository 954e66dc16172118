package io.backstay.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is durable of all exports of an archive; replaced as a whole. */
record ExportList(List<ExportEntry> exports) {
  static final ExportList EMPTY = new ExportList(List.of());

  ExportList {
    exports = List.copyOf(exports);
  }

  Optional<ExportEntry> find(String name) {
    return exports.stream().filter(entry -> entry.name().equals(name)).findFirst();
  }

  /** Replaces the one of that name, or adds it. */
  ExportList with(ExportEntry entry) {
    List<ExportEntry> next = new ArrayList<>(without(entry.name()).exports);
    next.add(entry);
    return new ExportList(next);
  }

  ExportList without(String name) {
    return new ExportList(exports.stream().filter(entry -> !entry.name().equals(name)).toList());
  }
}
