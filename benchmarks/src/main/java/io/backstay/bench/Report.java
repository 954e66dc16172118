package io.backstay.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.backstay.wire.Cbor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came out, as tables for people or as one JSON object. */
record Report(
    Instant began,
    Machine machine,
    int rounds,
    List<Result.Line> lines,
    List<Goal> goals,
    List<Memory> memory) {

  /**
   * Peak resident memory of one of our servers.
   *
   * @param after the work that it had done by then
   */
  record Memory(String server, String after, long peakMib) {
    static final long MAX_MIB = 256;

    boolean met() {
      return peakMib <= MAX_MIB;
    }
  }

  boolean allMet() {
    return goals.stream().allMatch(Goal::met) && memory.stream().allMatch(Memory::met);
  }

  String json() {
    try {
      return Cbor.json().writerWithDefaultPrettyPrinter().writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("no JSON for a report", e);
    }
  }

  String text() {
    List<String> out = new ArrayList<>();
    out.add("%s, %d rounds".formatted(began, rounds));
    out.add(machine.text());
    for (String work : lines.stream().map(Result.Line::work).distinct().toList()) {
      out.add("");
      out.add(
          "%-32s %-23s %6s %7s %9s %8s %9s"
              .formatted(
                  work, "wall s [range]", "MiB/s", "CPU s", "peak MiB", "ours is", "servers s"));
      lines.stream().filter(line -> line.work().equals(work)).forEach(line -> out.add(row(line)));
    }
    out.add("");
    goals.forEach(goal -> out.add(row(goal)));
    memory.forEach(one -> out.add(row(one)));
    return String.join("\n", out);
  }

  private static String row(Result.Line line) {
    Spread wall = line.wallSeconds();
    String servers =
        line.serverSeconds().map(s -> String.format(Locale.ROOT, "%9.2f", s.median())).orElse("");
    return String.format(
        Locale.ROOT,
        "%-32s %6.2f [%6.2f - %6.2f] %6.0f %7.1f %9d %7.2fx %s",
        line.name(),
        wall.median(),
        wall.min(),
        wall.max(),
        line.mibPerSecond(),
        line.cpuSeconds(),
        line.peakMib(),
        line.ratioToOurs(),
        servers);
  }

  private static String row(Goal goal) {
    return String.format(
        Locale.ROOT,
        "%-8s %s: %.2f times as fast as '%s', the goal is %.1f",
        word(goal.met()),
        goal.work(),
        goal.ratio(),
        goal.peer(),
        goal.factor());
  }

  private static String row(Memory one) {
    return "%-8s %s: %d MiB at most, after %s, the goal is %d"
        .formatted(word(one.met()), one.server(), one.peakMib(), one.after(), Memory.MAX_MIB);
  }

  private static String word(boolean met) {
    return met ? "met" : "NOT MET";
  }
}
