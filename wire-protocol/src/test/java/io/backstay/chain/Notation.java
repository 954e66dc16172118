package io.backstay.chain;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Values as walb's documents write them: {@code |5|}, {@code |5,9|}, {@code <|5|-->|7|>}, and diffs
 * as {@code |5|-->|6,9| MC} or, of clean ones, {@code 5-->6}. A diff's time is that of its end's
 * gid in seconds.
 */
final class Notation {
  private static final Pattern SNAP = Pattern.compile("\\|?(\\d+)(?:,(\\d+))?\\|?");
  private static final Pattern DIFF = Pattern.compile("(\\S+)-->(\\S+)( M?C?)?");

  private Notation() {}

  static Snap snap(String text) {
    Matcher snap = SNAP.matcher(text);
    if (!snap.matches()) throw new IllegalArgumentException(text);
    long begin = Long.parseLong(snap.group(1));
    return new Snap(begin, snap.group(2) == null ? begin : Long.parseLong(snap.group(2)));
  }

  static Diff diff(String text) {
    Matcher diff = DIFF.matcher(text);
    if (!diff.matches()) throw new IllegalArgumentException(text);
    String flags = Optional.ofNullable(diff.group(3)).orElse("");
    Snap to = snap(diff.group(2));
    return new Diff(
        snap(diff.group(1)),
        to,
        flags.contains("M"),
        flags.contains("C"),
        Instant.ofEpochSecond(to.begin()));
  }

  static Diff diff(String text, Instant time) {
    Diff diff = diff(text);
    return new Diff(diff.from(), diff.to(), diff.mergeable(), diff.compared(), time);
  }

  static List<Diff> diffs(String... texts) {
    return Stream.of(texts).map(Notation::diff).toList();
  }

  static ImageState state(String text) {
    String inside = text.substring(1, text.length() - 1);
    int arrow = inside.indexOf("-->");
    return arrow < 0
        ? ImageState.of(snap(inside))
        : new ImageState(
            snap(inside.substring(0, arrow)), Optional.of(snap(inside.substring(arrow + 3))));
  }
}
