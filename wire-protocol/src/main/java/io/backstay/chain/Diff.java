package io.backstay.chain;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What leads from one state of a volume to a later one; in walb's words a MetaDiff, written {@code
 * |5|-->|6|}. It stands in the name of its file:
 *
 * <pre>
 *   20231114221320-M--10-11.wdiff       clean: from gid 10 to 11
 *   20231114221500----7-7-8-10.wdiff    dirty: |7| --> |8,10|
 *   time of {@code to}, UTC; M or -: mergeable; C or -: compared; gids, decimal
 * </pre>
 *
 * @param mergeable whether {@code from} may be forgotten: false where somebody asked for that
 *     snapshot
 * @param compared made by comparing hashes: it leads from exactly {@code from.begin} and is never
 *     merged
 * @param time of {@code to}; its file's name has whole seconds
 */
public record Diff(Snap from, Snap to, boolean mergeable, boolean compared, Instant time) {
  public static final String SUFFIX = ".wdiff";
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMddHHmmss");
  private static final Pattern NAME =
      Pattern.compile(
          "(\\d{14})-([M-])([C-])-(\\d{1,19})-(\\d{1,19})(?:-(\\d{1,19})-(\\d{1,19}))?\\.wdiff");

  public Diff {
    Objects.requireNonNull(time, "time");
    if (from.begin() >= to.begin() || from.end() > to.end())
      throw new IllegalArgumentException("no diff leads from %s to %s".formatted(from, to));
  }

  public boolean isClean() {
    return from.isClean() && to.isClean();
  }

  /** The same but for whether {@code from} may be forgotten. */
  public Diff with(boolean newMergeable) {
    return new Diff(from, to, newMergeable, compared, time);
  }

  /** The gids as they stand in names: two of a clean diff, four of a dirty one. */
  public String gids() {
    return isClean()
        ? "%d-%d".formatted(from.begin(), to.begin())
        : "%d-%d-%d-%d".formatted(from.begin(), from.end(), to.begin(), to.end());
  }

  public String fileName() {
    return "%s-%s%s-%s%s"
        .formatted(
            TIME.format(time.atOffset(ZoneOffset.UTC)),
            mergeable ? "M" : "-",
            compared ? "C" : "-",
            gids(),
            SUFFIX);
  }

  /** Empty where that is not the name of a wdiff. */
  public static Optional<Diff> parse(String fileName) {
    Matcher name = NAME.matcher(fileName);
    if (!name.matches()) return Optional.empty();
    try {
      Instant time = LocalDateTime.parse(name.group(1), TIME).toInstant(ZoneOffset.UTC);
      long first = Long.parseLong(name.group(4));
      long second = Long.parseLong(name.group(5));
      boolean clean = name.group(6) == null;
      Snap from = clean ? Snap.clean(first) : new Snap(first, second);
      Snap to =
          clean
              ? Snap.clean(second)
              : new Snap(Long.parseLong(name.group(6)), Long.parseLong(name.group(7)));
      return Optional.of(
          new Diff(from, to, name.group(2).equals("M"), name.group(3).equals("C"), time));
    } catch (DateTimeParseException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  @Override
  public String toString() {
    return from + "-->" + to;
  }
}
