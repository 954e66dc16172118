package io.backstay.nbd;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;

/** The exports of a server, by name. */
final class Exports {
  private final ConcurrentSkipListMap<String, ServedExport> byName = new ConcurrentSkipListMap<>();

  void add(ServedExport served) {
    String name = served.export().name();
    if (byName.putIfAbsent(name, served) != null) {
      throw new IllegalStateException("an export %s is served already".formatted(name));
    }
  }

  Optional<ServedExport> remove(String name) {
    return Optional.ofNullable(byName.remove(name));
  }

  List<ServedExport> all() {
    return List.copyOf(byName.values());
  }

  List<ServedExport> list(Predicate<String> shown) {
    return all().stream().filter(served -> shown.test(served.export().name())).toList();
  }

  /** The empty name means the only one there is. */
  Optional<ServedExport> find(String name, Predicate<String> shown) {
    if (!name.isEmpty()) {
      return Optional.ofNullable(byName.get(name)).filter(found -> shown.test(name));
    }
    List<ServedExport> seen = list(shown);
    return seen.size() == 1 ? Optional.of(seen.getFirst()) : Optional.empty();
  }
}
