package io.backstay.policy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Work;
import io.backstay.wire.CatalogView;
import java.time.Instant;
import java.util.Optional;

/**
 * Which point of which archive is restored, and who writes it (rules M4, K6).
 *
 * @param receiver the storage that writes; empty when the archive writes itself
 * @param gap where a time was asked for; plans of policy 1 do not tell it
 */
public record RestorePlan(
    Head head,
    String volume,
    String archive,
    long gid,
    Instant pointTime,
    long sizeBytes,
    String node,
    Optional<Work.Receiver> receiver,
    String path,
    long bytesPerSecondMax,
    Optional<ChosenPoint.Gap> gap)
    implements Plan {

  public RestorePlan {
    gap = gap == null ? Optional.empty() : gap;
  }

  /**
   * @param from one of the volume's archives, which has the point
   * @param node where the path is; empty for the only node
   * @throws RefusedException {@code bad-input} or {@code unknown-server}
   */
  public static RestorePlan choose(
      Head head,
      CatalogView view,
      ProtectionRecord record,
      String from,
      ChosenPoint chosen,
      Optional<String> node,
      String path,
      long bytesPerSecondMax)
      throws RefusedException {
    GroupServers servers = new GroupServers(view);
    String on = servers.node(node);
    ServerRecord archive = servers.named(from, Role.ARCHIVE);
    return new RestorePlan(
        head,
        record.volume(),
        archive.name(),
        chosen.point().gid(),
        chosen.point().time(),
        chosen.point().sizeBytes(),
        on,
        receiver(view, archive, on),
        path,
        bytesPerSecondMax,
        chosen.gap());
  }

  /** The archive writes on its own node; elsewhere that node's storage does (rule K6). */
  private static Optional<Work.Receiver> receiver(
      CatalogView view, ServerRecord archive, String node) throws RefusedException {
    if (archive.node().equals(node)) return Optional.empty();
    Optional<Work.Receiver> storage =
        view.servers(Role.STORAGE).stream()
            .filter(server -> server.node().equals(node))
            .map(server -> new Work.Receiver(server.name(), server.address()))
            .findFirst();
    if (storage.isPresent()) return storage;
    throw new RefusedException(
        Refusal.of(
                RefusalCode.UNKNOWN_SERVER,
                "nobody can write on node '%s' for archive %s".formatted(node, archive.name()))
            .found("no storage server on that node")
            .next("restore to the archive's node " + archive.node()));
  }

  @Override
  public String server() {
    return archive;
  }

  @Override
  public String words() {
    return "write %s of %s at gid %d (%s%s) from %s to %s:%s%s"
        .formatted(
            Plan.bytes(sizeBytes),
            volume,
            gid,
            pointTime,
            ChosenPoint.words(gap),
            archive,
            node,
            path,
            Plan.rate(bytesPerSecondMax));
  }
}
