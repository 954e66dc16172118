package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.ServerRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Notices that what the catalog kept is gone. A catalog that starts without it would be an empty
 * one of the same group: it knows no volume and gives epochs that were given before (rules K1, K2).
 * That there was one, the others tell: each keeps a copy of what it heard from it.
 */
final class LostCatalog {
  /** As {@code io.backstay.server} names the copy. */
  private static final String COPY = "catalog-copy";

  private final Layout layout;
  private final GroupFile group;

  LostCatalog(Layout layout, GroupFile group) {
    this.layout = layout;
    this.group = group;
  }

  /** Why the catalog must not be started; empty in a group that is whole, or quite new. */
  Optional<Refusal> look() throws IOException {
    ServerRecord catalog = group.catalog();
    Path kept = layout.serverDirectory(catalog.name()).resolve(catalog.role().word());
    if (holdsAnything(kept)) return Optional.empty();
    List<Path> copies = copies();
    if (copies.isEmpty()) return Optional.empty();
    return Optional.of(
        Refusal.of(
                RefusalCode.CORRUPT,
                "what the catalog of group %s kept is gone".formatted(group.group()))
            .attempted("start the catalog " + catalog.name())
            .found(
                "nothing in %s, but copies of what it said: %s"
                    .formatted(
                        kept, String.join(", ", copies.stream().map(Path::toString).toList())))
            .next(
                "put %s back from a backup of this machine, then up again. An empty catalog would forget all volumes; to begin a new group nevertheless, up --dir with another directory"
                    .formatted(kept)));
  }

  private static boolean holdsAnything(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) return false;
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isPresent();
    }
  }

  private List<Path> copies() {
    List<Path> places = new ArrayList<>(List.of(layout.operator()));
    group.servers().forEach(server -> places.add(layout.serverDirectory(server.name())));
    return places.stream().map(place -> place.resolve(COPY)).filter(Files::exists).toList();
  }
}
