package io.backstay.bench;

import io.backstay.convert.DiffForm;
import io.backstay.convert.FileAccess;
import io.backstay.convert.WdiffMerge;
import io.backstay.convert.WlogToWdiff;
import io.backstay.device.LinuxDevices;
import io.backstay.model.Compression;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wdiff.DiffHeader.Format;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Making and merging wdiffs, in this process when it is warm, beside dd that only copies the same
 * bytes on the same disk. All results are durable before the clock stops.
 */
final class DiffRace {
  private static final double CONVERT_GOAL = 1.4;
  private static final double MERGE_GOAL = 1.2;
  private static final List<Integer> MERGES = List.of(2, 8);

  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;
  private final FileAccess files;
  private final long sizeBytes;
  private final int rounds;

  DiffRace(long sizeBytes, int rounds, Workplace place, Meter meter, Console console, Time time) {
    this.sizeBytes = sizeBytes;
    this.rounds = rounds;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
    this.files = new FileAccess(new LinuxDevices(time), time);
  }

  private interface Work {
    void run() throws BenchException, RefusedException, IOException, InterruptedException;
  }

  /**
   * @param goal what it may take of the time that dd takes
   */
  private record Row(String name, Work work, List<Path> inputs, double goal) {}

  /** A table, one line for each kind of work. */
  String run() throws BenchException, IOException, InterruptedException {
    Path directory = place.folder("diffs");
    Workplace.delete(directory);
    place.folder("diffs");
    List<String> lines = new ArrayList<>();
    lines.add("work                        wall s [range]          dd s    ratio   goal");
    for (Row row : rows(directory)) lines.add(measure(row));
    Workplace.delete(directory);
    return String.join("\n", lines);
  }

  private List<Row> rows(Path directory) throws IOException, BenchException {
    Path out = directory.resolve("out.wdiff");
    Path wlog = directory.resolve("log.wlog");
    RandomWlog.make(wlog, sizeBytes, sizeBytes, 1);
    List<Row> rows = new ArrayList<>();
    for (String compression : List.of("snappy", "zstd:3", "none")) {
      Compression wanted = Compression.parse(compression);
      rows.add(
          new Row(
              "convert, " + compression,
              () -> convert(wlog, out, wanted),
              List.of(wlog),
              CONVERT_GOAL));
    }
    for (int count : MERGES) {
      List<Path> inputs = new ArrayList<>();
      for (int i = 0; i < count; i++) inputs.add(wdiff(directory, sizeBytes / count, i, count));
      rows.add(
          new Row(
              "merge %d, snappy".formatted(count),
              () -> merge(inputs, out, Compression.DEFAULT),
              inputs,
              MERGE_GOAL));
    }
    return rows;
  }

  private Path wdiff(Path directory, long bytes, int number, int of)
      throws IOException, BenchException {
    Path wlog = directory.resolve("part.wlog");
    Path wdiff = directory.resolve("part-%d-of-%d.wdiff".formatted(number, of));
    RandomWlog.make(wlog, bytes, sizeBytes, 100 + number);
    try {
      convert(wlog, wdiff, Compression.DEFAULT);
    } catch (RefusedException e) {
      throw new BenchException(e.refusal().message());
    }
    Workplace.delete(wlog);
    return wdiff;
  }

  private void convert(Path wlog, Path to, Compression compression)
      throws IOException, RefusedException {
    try (ReadableByteChannel in = files.read(wlog, "wlog")) {
      DiffForm form = new DiffForm(Format.SORTED, compression, files);
      long bytes = Files.size(wlog);
      WlogToWdiff.convert(wlog.toString(), in, bytes, to, form, (step, done, total) -> {});
    }
  }

  private void merge(List<Path> inputs, Path to, Compression compression)
      throws IOException, RefusedException {
    DiffForm form = new DiffForm(Format.SORTED, compression, files);
    WdiffMerge.merge(inputs, to, form, (step, done, total) -> {});
  }

  private String measure(Row row) throws BenchException, IOException, InterruptedException {
    Path out = place.folder("diffs").resolve("out.wdiff");
    once(row.name() + " (warming up)", row.inputs(), row.work(), out);
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    DirectCopy copy = new DirectCopy(place, meter, out.resolveSibling("copy"));
    for (int round = 0; round < rounds; round++) {
      theirs.add(copy.seconds(row.inputs()));
      ours.add(once(row.name(), row.inputs(), row.work(), out));
    }
    Spread own = Spread.of(ours);
    Spread dd = Spread.of(theirs);
    double ratio = own.median() / dd.median();
    return String.format(
        Locale.ROOT,
        "%-24s %6.2f [%6.2f - %6.2f] %7.2f %7.2f  %5.2f %s",
        row.name(),
        own.median(),
        own.min(),
        own.max(),
        dd.median(),
        ratio,
        row.goal(),
        ratio <= row.goal() ? "met" : "NOT MET");
  }

  private double once(String name, List<Path> inputs, Work work, Path out)
      throws BenchException, IOException, InterruptedException {
    place.settle(meter, inputs);
    double cpu = ProcessTable.row(ProcessHandle.current().pid()).orElseThrow().cpuSeconds();
    long begun = time.nanos();
    try {
      work.run();
    } catch (RefusedException e) {
      throw new BenchException(e.refusal().message());
    }
    double wall = (time.nanos() - begun) / 1e9;
    double used = ProcessTable.row(ProcessHandle.current().pid()).orElseThrow().cpuSeconds() - cpu;
    Map<String, Long> sizes = new LinkedHashMap<>();
    if (Files.exists(out)) sizes.put("out", Files.size(out));
    console.say("%-32s %6.2f s wall %6.2f s CPU of this process, %s", name, wall, used, sizes);
    Workplace.delete(out);
    return wall;
  }
}
