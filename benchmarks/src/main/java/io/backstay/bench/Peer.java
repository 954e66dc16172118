package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Another program that copies SOURCE to TARGET, a file or a repository. */
final class Peer implements Contender {
  static final String NBDCOPY = "nbdkit file | nbdcopy";
  static final String NBDCOPY_FLUSH = "nbdkit file | nbdcopy --flush";
  static final String DD = "dd direct, sparse";
  static final String QEMU_IMG = "qemu-img convert";
  static final String DISK = "fio: the disk alone";
  static final String RESTIC = "restic backup";
  static final String RESTIC_PLAIN = "restic backup, no compression";

  private final String name;
  private final List<String> command;
  private final List<String> before;
  private final Path source;
  private final Path target;
  private final Meter meter;
  private final Equality equality;

  private Peer(
      String name,
      List<String> before,
      List<String> command,
      Path source,
      Path target,
      Meter meter,
      Equality equality) {
    this.name = name;
    this.before = before;
    this.command = command;
    this.source = source;
    this.target = target;
    this.meter = meter;
    this.equality = equality;
  }

  /** The programs that leave a file behind. */
  static List<Contender> copies(Path source, Path target, Meter meter, Equality equality) {
    String from = source.toString();
    String to = target.toString();
    return List.of(
        new Peer(NBDCOPY, List.of(), nbdcopy(from, to, ""), source, target, meter, equality),
        new Peer(
            NBDCOPY_FLUSH,
            List.of(),
            nbdcopy(from, to, "--flush "),
            source,
            target,
            meter,
            equality),
        new Peer(
            DD,
            List.of(),
            List.of(
                "dd",
                "if=" + from,
                "of=" + to,
                "bs=1M",
                "iflag=direct",
                "oflag=direct",
                "conv=sparse",
                "status=none"),
            source,
            target,
            meter,
            equality),
        new Peer(
            QEMU_IMG,
            List.of(),
            List.of(
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                "-T",
                "none",
                "-t",
                "none",
                from,
                to),
            source,
            target,
            meter,
            equality));
  }

  /**
   * No copy, but what the disk takes for one: reads all of the source and writes as much as is not
   * zero, both at once.
   */
  static Contender disk(Path source, Path target, long writtenBytes, Meter meter) {
    List<String> command =
        List.of(
            "fio",
            "--direct=1",
            "--ioengine=libaio",
            "--bs=1m",
            "--iodepth=6",
            "--output-format=terse",
            "--name=read",
            "--rw=read",
            "--filename=" + source,
            "--name=write",
            "--rw=write",
            "--filename=" + target,
            "--size=" + writtenBytes);
    return new Peer(DISK, List.of(), command, source, target, meter, Equality.UNCHECKED);
  }

  /** The file is made first, since nbdcopy fills one that has the size of the source. */
  private static List<String> nbdcopy(String from, String to, String flag) {
    return List.of(
        "nbdkit",
        "--readonly",
        "-U",
        "-",
        "file",
        from,
        "--run",
        "nbdcopy " + flag + "\"$uri\" '" + to + "'");
  }

  static List<Contender> restic(Path source, Path repository, Meter meter) {
    List<String> start = List.of("restic", "--no-cache", "-q", "-r", repository.toString());
    List<String> init = with(start, "init");
    return List.of(
        new Peer(
            RESTIC,
            init,
            with(start, "backup", source.toString()),
            source,
            repository,
            meter,
            Equality.UNCHECKED),
        new Peer(
            RESTIC_PLAIN,
            init,
            with(start, "--compression", "off", "backup", source.toString()),
            source,
            repository,
            meter,
            Equality.UNCHECKED));
  }

  private static List<String> with(List<String> some, String... more) {
    return java.util.stream.Stream.concat(some.stream(), List.of(more).stream()).toList();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String shown() {
    return String.join(" ", command)
        .replace(source.toString(), "SOURCE")
        .replace(target.toString(), "TARGET");
  }

  @Override
  public void prepare() throws BenchException, IOException, InterruptedException {
    Workplace.delete(target);
    if (!before.isEmpty()) meter.run(name, before, environment());
  }

  @Override
  public Reading run() throws BenchException, IOException, InterruptedException {
    return meter.run(name, command, environment()).reading();
  }

  @Override
  public void check() throws BenchException, IOException, InterruptedException {
    equality.check(name, source, target);
  }

  @Override
  public void clean() throws IOException {
    Workplace.delete(target);
  }

  private static Map<String, String> environment() {
    return Map.of("RESTIC_PASSWORD", "benchmark");
  }
}
