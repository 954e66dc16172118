package io.backstay.bench;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Our work beside that of the others, and what our servers needed for it. */
final class Comparison {
  private static final String VOLUME = "vol0";
  private static final double FASTER_THAN_NBDCOPY = 1.5;
  private static final double FASTER_THAN_RESTIC = 4;
  private static final double FASTER_THAN_DD = 1;

  private final Settings settings;
  private final Workplace place;
  private final Meter meter;
  private final Console console;
  private final Time time;

  private final List<Result> results = new ArrayList<>();
  private final List<Report.Memory> memory = new ArrayList<>();

  /** What is asked for. */
  record Settings(
      List<Suite> suites, long sizeBytes, long largeBytes, int rounds, MixImage.Zeroes zeroes) {}

  /** What can be measured. */
  enum Suite {
    FULL_BACKUP,
    RESTORE,
    MEMORY
  }

  Comparison(Settings settings, Workplace place, Meter meter, Console console, Time time) {
    this.settings = settings;
    this.place = place;
    this.meter = meter;
    this.console = console;
    this.time = time;
  }

  Report run() throws BenchException, IOException, InterruptedException {
    Instant began = time.now();
    Machine machine = Machine.of(place.folder("images"));
    Path image =
        new MixImage(place.folder("images"), meter, console)
            .make(settings.sizeBytes(), settings.zeroes());
    console.say("starting a group");
    try (OwnGroup group = OwnGroup.start(place.at("group"), meter)) {
      group.add(VOLUME, image);
      if (settings.suites().contains(Suite.FULL_BACKUP)) fullBackup(group, image);
      if (settings.suites().contains(Suite.RESTORE)) restore(group, image);
      remember(group, "%s of %s".formatted("all this", Quantities.text(settings.sizeBytes())));
      if (settings.suites().contains(Suite.MEMORY)) large(group);
    }
    Workplace.delete(place.at("group"));
    return new Report(
        began,
        machine,
        settings.rounds(),
        results.stream().flatMap(result -> result.lines(OwnWork.NAME).stream()).toList(),
        results.stream().flatMap(result -> result.goals(OwnWork.NAME).stream()).toList(),
        memory);
  }

  private void fullBackup(OwnGroup group, Path image)
      throws BenchException, IOException, InterruptedException {
    Equality cmp = Equality.byCmp(meter);
    List<Contender> contenders = new ArrayList<>();
    contenders.add(new OwnWork.FullBackup(group, VOLUME, image, cmp));
    contenders.addAll(Peer.copies(image, place.at("copy.img"), meter, cmp));
    contenders.add(disk(image));
    contenders.addAll(Peer.restic(image, place.at("restic"), meter));
    race(
        "full backup",
        contenders,
        List.of(image),
        Map.of(
            Peer.NBDCOPY, FASTER_THAN_NBDCOPY,
            Peer.DD, FASTER_THAN_DD,
            Peer.RESTIC, FASTER_THAN_RESTIC,
            Peer.RESTIC_PLAIN, FASTER_THAN_RESTIC));
  }

  private void restore(OwnGroup group, Path image)
      throws BenchException, IOException, InterruptedException {
    if (results.isEmpty()) group.call("backup", "full", VOLUME);
    Equality cmp = Equality.byCmp(meter);
    Path kept = group.image(VOLUME);
    List<Contender> contenders = new ArrayList<>();
    contenders.add(new OwnWork.Restore(group, VOLUME, image, place.at("restored.img"), cmp));
    contenders.addAll(Peer.copies(kept, place.at("copy.img"), meter, cmp));
    contenders.add(disk(kept));
    race(
        "restore",
        contenders,
        List.of(kept),
        Map.of(Peer.NBDCOPY, FASTER_THAN_NBDCOPY, Peer.DD, FASTER_THAN_DD));
  }

  private Contender disk(Path source) {
    return Peer.disk(
        source, place.at("disk.img"), MixImage.bytesNotZero(settings.sizeBytes()), meter);
  }

  private void race(
      String work, List<Contender> contenders, List<Path> sources, Map<String, Double> factors)
      throws BenchException, IOException, InterruptedException {
    console.say("%s, %d rounds", work, settings.rounds());
    Map<Contender, List<Reading>> readings =
        new Race(place, meter, console).run(contenders, settings.rounds(), sources);
    results.add(new Result(work, settings.sizeBytes(), readings, factors));
  }

  /** A volume that is much larger, of which little is not zero: memory must not grow with it. */
  private void large(OwnGroup group) throws BenchException, IOException, InterruptedException {
    String size = Quantities.text(settings.largeBytes());
    console.say("backup and restore of a sparse volume of %s", size);
    Path volume = place.at("large.img");
    Path restored = place.at("large-restored.img");
    SparseImage.make(volume, settings.largeBytes());
    group.add("large", volume);
    group.call("backup", "full", "large");
    Workplace.delete(restored);
    group.call("restore", "large", "--to", restored.toString());
    SparseImage.check(restored, settings.largeBytes());
    remember(group, "a sparse volume of " + size);
    Workplace.delete(restored);
    Workplace.delete(volume);
  }

  private void remember(OwnGroup group, String after)
      throws BenchException, IOException, InterruptedException {
    group
        .peaks()
        .forEach((server, bytes) ->
            memory.add(new Report.Memory(server, after, bytes / Quantities.MIB)));
  }
}
