package io.backstay.cli;

import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.policy.ArchiveChoice;
import io.backstay.wire.Command.ListPoints;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The restorable points of a volume, as one of its archives tells them now, oldest first. */
final class ArchivePoints {
  private final Servers servers;
  private final String archive;
  private final String volume;

  ArchivePoints(Servers servers, String archive, String volume) {
    this.servers = servers;
    this.archive = archive;
    this.volume = volume;
  }

  /**
   * @param named server name; null for the volume's primary archive
   */
  static ArchivePoints of(Servers servers, ProtectionRecord record, String named)
      throws RefusedException, IOException, InterruptedException {
    String archive = ArchiveChoice.of(servers.catalog(), record, Optional.ofNullable(named)).name();
    return new ArchivePoints(servers, archive, record.volume());
  }

  String archive() {
    return archive;
  }

  List<Point> all() throws RefusedException, IOException, InterruptedException {
    List<Point> points = new ArrayList<>();
    Optional<ListPoints> ask = Optional.of(new ListPoints(volume));
    while (ask.isPresent()) {
      Reply.Points page = page(ask.get());
      points.addAll(page.points());
      ask = ask.get().next(page);
    }
    return points;
  }

  /** At most so many of the newest ones. */
  List<Point> newest(int most) throws RefusedException, IOException, InterruptedException {
    return most <= ListPoints.POINTS_MAX
        ? page(new ListPoints(volume, 0L, most)).points()
        : last(all(), most);
  }

  /**
   * @param count of all there are; empty where the archive is of a release that does not say it
   */
  record Newest(List<Point> points, Optional<Integer> count) {}

  /** At most so many of the newest ones, by one answer, and how many there are. */
  Newest glance(int most) throws RefusedException, IOException, InterruptedException {
    Reply.Points page = page(new ListPoints(volume, 0L, most));
    return new Newest(page.points(), page.count());
  }

  static List<Point> last(List<Point> points, int most) {
    return points.subList(Math.max(0, points.size() - most), points.size());
  }

  private Reply.Points page(ListPoints which)
      throws RefusedException, IOException, InterruptedException {
    Reply reply = GroupConnection.accepted(servers.call(archive, which));
    if (reply instanceof Reply.Points points) return points;
    throw new IOException("%s answered %s".formatted(archive, reply));
  }
}
