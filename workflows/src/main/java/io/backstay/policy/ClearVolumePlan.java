package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which servers forget a volume, in order: archives first, since what they may refuse (a held
 * point, a missing grant) must be refused before anything is given up; then the storage.
 *
 * @param servers those that still know the volume; fewer when an earlier run went part of the way
 */
public record ClearVolumePlan(Head head, String volume, String storage, List<String> servers)
    implements Plan {
  public ClearVolumePlan {
    servers = List.copyOf(servers);
  }

  /**
   * @param knowing names of the servers that know the volume
   */
  public static ClearVolumePlan choose(Head head, ProtectionRecord record, Set<String> knowing) {
    return new ClearVolumePlan(
        head,
        record.volume(),
        record.storage(),
        Stream.concat(record.archives().stream(), Stream.of(record.storage()))
            .filter(knowing::contains)
            .toList());
  }

  @Override
  public String server() {
    return storage;
  }

  @Override
  public String words() {
    return servers.isEmpty()
        ? "no server knows %s any more: remove its record".formatted(volume)
        : "clear %s at %s, then remove its record".formatted(volume, String.join(", ", servers));
  }
}
