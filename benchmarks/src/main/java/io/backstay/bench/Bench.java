package io.backstay.bench;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./backstay bench}. */
@Command(
    name = "bench",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = {
      "Compare Backstay with other programs that do the same work on the same disk.",
      "",
      "  full-backup  beside nbdkit and nbdcopy, dd, qemu-img, restic",
      "  restore      beside nbdkit and nbdcopy, dd, qemu-img",
      "  memory       peak memory of the servers, also with a large sparse volume",
      "  all          these three",
      "  nbd          a logged volume beside nbdkit and qemu-nbd, with fio",
      "  diffs        wdiffs made of a log of --size, and merged, beside dd",
      "  continuous   the way of the log to an archive: speed, lag and memory of each hop",
      "  endurance    a logged volume under random writes for ten minutes",
      "  components   what the parts reach alone, without network or without a disk",
      "  micro        JMH benchmarks of the inner loops",
      "",
      "It needs about four times the volume's size on the disk. As root it drops the whole page",
      "cache before each run, else only what it holds of the volume. Exit code 10: a goal was missed."
    })
public final class Bench implements Callable<Integer> {
  private static final int FINDINGS = 10;
  private static final long NBD_LOG_BYTES = 8 * Quantities.GIB;
  private static final int NBD_PORT = 10_899;
  private static final int NBD_SECONDS = 6;

  /** So small that it is lapped every few seconds. */
  private static final long ENDURANCE_LOG_BYTES = Quantities.GIB;

  private static final int ENDURANCE_SECONDS = 600;
  private static final int CONTINUOUS_SECONDS = 60;
  private static final String SIZE = "4GiB";
  private static final String CONTINUOUS_SIZE = "2GiB";

  /** Two volumes with their logs, two images, and what is on its way. */
  private static final int CONTINUOUS_COPIES = 8;

  /** Image, its sparse form or a copy, the image that the archive keeps and the one before it. */
  private static final int COPIES_ON_DISK = 4;

  private final Console console = new Console(System.out, System.err);

  @Parameters(
      arity = "0..1",
      paramLabel = "WHAT",
      defaultValue = "all",
      description = "Default: all.")
  private String what;

  @Option(
      names = "--size",
      description = "Of the volume (default: 4GiB; continuous, of the log too: 2GiB).")
  private Optional<String> size = Optional.empty();

  @Option(
      names = "--large",
      defaultValue = "64GiB",
      description = "Size of the sparse volume (default: ${DEFAULT-VALUE}).")
  private String large;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      description = "Runs of each contender (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--seconds",
      description = "Of each run of fio (default: 6; continuous: 60; endurance: 600).")
  private Optional<Integer> seconds = Optional.empty();

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "HOP",
      description = "Of continuous (default: all): ${COMPLETION-CANDIDATES}.")
  private Set<Continuous.Hop> only = EnumSet.allOf(Continuous.Hop.class);

  @Option(
      names = "--dir",
      description = "Disk to work on (default: .app/bench of the source tree).")
  private Path directory;

  @Option(
      names = "--holes",
      description = "The volume is a sparse file; by default its zeroes are written.")
  private boolean holes;

  @Option(names = "-o", defaultValue = "text", description = "text or json.")
  private String output;

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try {
      return switch (what) {
        case "micro" -> Micro.run();
        case "components" -> components();
        case "nbd" -> nbd();
        case "continuous" -> continuous();
        case "endurance" -> endurance();
        case "diffs" -> diffs();
        case "full-backup" -> compare(List.of(Comparison.Suite.FULL_BACKUP));
        case "restore" -> compare(List.of(Comparison.Suite.RESTORE));
        case "memory" -> compare(List.of(Comparison.Suite.MEMORY));
        case "all" -> compare(List.of(Comparison.Suite.values()));
        default ->
            throw new BenchException("there is no benchmark '%s', see --help".formatted(what));
      };
    } catch (BenchException | IllegalArgumentException e) {
      console.say("%s", e.getMessage());
      return 1;
    }
  }

  private int nbd() throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(SIZE));
    Workplace place = Workplace.open(workplace(), 2 * sizeBytes + NBD_LOG_BYTES, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    console.out().println(Machine.of(place.folder("logs")).text());
    for (boolean unix : new boolean[] {false, true}) {
      NbdRace.Settings settings =
          new NbdRace.Settings(
              sizeBytes, NBD_LOG_BYTES, rounds, seconds.orElse(NBD_SECONDS), unix, NBD_PORT);
      console.out().println(new NbdRace(settings, place, meter, console).run());
    }
    return 0;
  }

  private int diffs() throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(SIZE));
    Workplace place = Workplace.open(workplace(), COPIES_ON_DISK * sizeBytes, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    console.out().println(Machine.of(place.folder("logs")).text());
    console
        .out()
        .println(new DiffRace(sizeBytes, rounds, place, meter, console, Time.system()).run());
    return 0;
  }

  private int continuous() throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(CONTINUOUS_SIZE));
    Workplace place = Workplace.open(workplace(), CONTINUOUS_COPIES * sizeBytes, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    console.out().println(Machine.of(place.folder("logs")).text());
    Continuous.Settings settings =
        new Continuous.Settings(sizeBytes, rounds, seconds.orElse(CONTINUOUS_SECONDS), only);
    Continuous.Outcome outcome =
        new Continuous(settings, place, meter, console, Time.system()).run();
    console.out().println(outcome.text());
    return outcome.allMet() ? 0 : FINDINGS;
  }

  private int endurance() throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(SIZE));
    Workplace place = Workplace.open(workplace(), sizeBytes + ENDURANCE_LOG_BYTES, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    console.out().println(Machine.of(place.folder("logs")).text());
    NbdEndurance.Settings settings =
        new NbdEndurance.Settings(
            sizeBytes, ENDURANCE_LOG_BYTES, seconds.orElse(ENDURANCE_SECONDS));
    console.out().println(new NbdEndurance(settings, place, meter).run());
    return 0;
  }

  private int components() throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(SIZE));
    Workplace place = Workplace.open(workplace(), COPIES_ON_DISK * sizeBytes, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    Path image =
        new MixImage(place.folder("images"), meter, console)
            .make(sizeBytes, holes ? MixImage.Zeroes.HOLES : MixImage.Zeroes.WRITTEN);
    console.out().println(Machine.of(place.folder("images")).text());
    console
        .out()
        .println(
            new Components(image, place, meter, console, Time.system()).measure(sizeBytes, rounds));
    return 0;
  }

  private int compare(List<Comparison.Suite> suites)
      throws BenchException, IOException, InterruptedException {
    Tools.require();
    long sizeBytes = Quantities.bytes(size.orElse(SIZE));
    Workplace place = Workplace.open(workplace(), COPIES_ON_DISK * sizeBytes, console);
    Meter meter = new Meter(Time.system(), place.folder("logs"));
    Comparison.Settings settings =
        new Comparison.Settings(
            suites,
            sizeBytes,
            Quantities.bytes(large),
            rounds,
            holes ? MixImage.Zeroes.HOLES : MixImage.Zeroes.WRITTEN);
    Report report = new Comparison(settings, place, meter, console, Time.system()).run();
    console.out().println(output.equals("json") ? report.json() : report.text());
    return report.allMet() ? 0 : FINDINGS;
  }

  private Path workplace() throws BenchException {
    Path tree =
        Optional.ofNullable(System.getProperty("backstay.launcher"))
            .map(launcher -> Path.of(launcher).resolveSibling(".app").resolve("bench"))
            .orElse(directory);
    if (directory == null && tree == null) throw new BenchException("say where to work: --dir");
    return (directory == null ? tree : directory).toAbsolutePath().normalize();
  }
}
