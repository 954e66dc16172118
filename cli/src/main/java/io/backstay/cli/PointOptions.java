package io.backstay.cli;

import io.backstay.workflow.WhichPoint;
import java.time.Instant;
import java.time.ZoneId;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of all commands that take a point. */
final class PointOptions {
  @ArgGroup private Which which = new Which();

  /** At most one of these. */
  static final class Which {
    @Option(names = "--gid", paramLabel = "G", description = "The point with this generation id.")
    private Long gid;

    @Option(
        names = "--at",
        paramLabel = "TIME",
        description = "The newest point that is the volume at this moment: 2026-11-21T08:00:00Z.")
    private String at;

    @Option(names = "--label", paramLabel = "L", description = "The point with this label.")
    private String label;
  }

  @Option(
      names = "--max-gap",
      paramLabel = "D",
      description = {
        "With --at: how much older the point may be although the volume may have been written to",
        "since: 90s, 15m, 2h, 1d; default: twice the interval of the volume's cuts."
      })
  private String maxGap;

  /**
   * @throws IllegalArgumentException that says what is allowed
   */
  WhichPoint which(Shell shell) {
    Instant moment =
        which.at == null
            ? null
            : Quantity.moment(which.at, ZoneId.systemDefault(), shell.time().now());
    return new WhichPoint(which.gid, moment, which.label, maxGap);
  }

  boolean isGiven() {
    return which.gid != null || which.at != null || which.label != null || maxGap != null;
  }
}
