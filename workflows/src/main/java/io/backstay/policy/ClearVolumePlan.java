package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which servers forget a volume, in order: archives first, since what they may refuse (a held
 * point, a missing grant) must be refused before anything is given up; then the storage, and last
 * the proxies, who would be told of the volume anew as long as the storage sends its log.
 *
 * @param servers archives and storage only if they still know the volume: fewer when an earlier run
 *     went part of the way. Proxies in any case, since one that does not know it now may be sent
 *     its log before the storage has forgotten it
 */
public record ClearVolumePlan(Head head, String volume, String storage, List<String> servers)
    implements Plan {
  public ClearVolumePlan {
    servers = List.copyOf(servers);
  }

  /**
   * @param knowing names of the archives and storages that know the volume
   */
  public static ClearVolumePlan choose(Head head, ProtectionRecord record, Set<String> knowing) {
    Stream<String> known =
        Stream.concat(record.archives().stream(), Stream.of(record.storage()))
            .filter(knowing::contains);
    Stream<String> proxies = record.shipping().stream().flatMap(its -> its.allProxies().stream());
    return new ClearVolumePlan(
        head, record.volume(), record.storage(), Stream.concat(known, proxies).toList());
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
