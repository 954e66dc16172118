package io.backstay.cli;

import io.backstay.worker.RunDescription;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a run waits for, in the words of rule K4.
 *
 * @param text for people, on one line: "a0 since 02:13:07Z: connection refused"; with the date when
 *     that is long ago
 * @param cause as it was reported, with addresses and numbers
 */
record WaitingFor(String text, String cause) {
  /** As servers write it into a report: "since T: a0 cannot be reached: cause". */
  private static final Pattern REPORTED = Pattern.compile("since (\\S+): (.*)", Pattern.DOTALL);

  private static final Pattern AWAY =
      Pattern.compile(
          "(?:the )?(\\S+)(?: at \\S+)? cannot be reached: (.*?)(?:; attempted: .*)?",
          Pattern.DOTALL);

  /** "finishConnect(..) failed with error(-111): Connection refused: /127.0.0.1:30007". */
  private static final Pattern OF_THE_SYSTEM =
      Pattern.compile(".*failed with error\\(-\\d+\\): ([^:]+).*", Pattern.DOTALL);

  /** "cannot connect to 127.0.0.1:30007: the cause"; the address is that of who is named. */
  private static final Pattern NOT_CONNECTED =
      Pattern.compile("cannot connect to \\S+: (.*)", Pattern.DOTALL);

  /** After that long the hour alone would mislead. */
  private static final Duration TODAY = Duration.ofHours(20);

  /** What the server of an operation reported. */
  static WaitingFor of(String reported, Instant now) {
    Matcher parts = REPORTED.matcher(reported);
    if (!parts.matches()) return new WaitingFor(line(reported), reported);
    return of("the server", since(parts.group(1), now), parts.group(2), "");
  }

  /** What Temporal knows of an activity that failed. */
  static WaitingFor of(RunDescription.Waiting waiting, Instant now) {
    String attempt = " (attempt %d)".formatted(waiting.attempt());
    return of(waiting.activity(), since(waiting.since(), now), waiting.cause(), attempt);
  }

  /** Somebody who did not answer just now. */
  static WaitingFor answerOf(String whom, String cause) {
    return of(whom, "", cause, "");
  }

  private static WaitingFor of(String otherwise, String since, String cause, String more) {
    Matcher away = AWAY.matcher(cause);
    String whom = away.matches() ? away.group(1) : otherwise;
    String why = away.matches() ? shortened(away.group(2)) : cause;
    return new WaitingFor("%s%s: %s%s".formatted(whom, since, line(why), more), cause);
  }

  private static String since(String moment, Instant now) {
    try {
      return since(Instant.parse(moment), now);
    } catch (DateTimeException e) {
      return " since " + moment;
    }
  }

  private static String since(Instant moment, Instant now) {
    String whole = moment.truncatedTo(ChronoUnit.SECONDS).toString();
    boolean today = Duration.between(moment, now).compareTo(TODAY) < 0;
    return " since " + (today ? whole.substring(whole.indexOf('T') + 1) : whole);
  }

  private static String shortened(String cause) {
    Matcher system = OF_THE_SYSTEM.matcher(cause);
    if (system.matches()) return inSentence(system.group(1));
    Matcher connecting = NOT_CONNECTED.matcher(cause);
    return connecting.matches() ? connecting.group(1) : cause;
  }

  private static String inSentence(String words) {
    return Character.toLowerCase(words.charAt(0)) + words.substring(1).strip();
  }

  private static String line(String text) {
    return text.replaceAll("\\s*\\R\\s*", " ").strip();
  }
}
