package io.backstay.cli;

import io.backstay.convert.DiffFile;
import io.backstay.diff.DiffSource;
import io.backstay.inspect.LogDeviceInspection;
import io.backstay.inspect.WdiffInspection;
import io.backstay.inspect.WlogInspection;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect wlog | wdiff | log-device}: what is in a file, and what is wrong with it. */
@Command(
    name = "inspect",
    description = "Look at a file or device of Backstay's or walb's formats. Changes nothing.",
    footerHeading = "%nExample:%n",
    footer = "  backstay inspect log-device /srv/vol0.log")
final class InspectCommands implements Callable<Integer> {
  private final Shell shell;

  private InspectCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new InspectCommands(shell))
        .addSubcommand(new Wlog(shell))
        .addSubcommand(new Wdiff(shell))
        .addSubcommand(new LogDevice(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "inspect");
  }

  private static FileChannel open(Path file) throws IOException, RefusedException {
    if (Files.exists(file)) return FileChannel.open(file, StandardOpenOption.READ);
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_FOUND, "there is no such file")
            .found("nothing at " + file.toAbsolutePath())
            .next("name a file or block device that is there"));
  }

  private static int exit(long findings) {
    return findings == 0 ? 0 : Failure.EXIT_FINDINGS;
  }

  @Command(
      name = "wlog",
      description = {
        "Read a wlog, or several behind each other, and compare every checksum. The exit code is 10",
        "if something is wrong with it, and 1 if it is no wlog."
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  backstay inspect wlog vol0.wlog",
        "  backstay inspect wlog vol0.wlog --records -o jsonl"
      })
  static final class Wlog implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "FILE", description = "The wlog; - for stdin.")
    private Path file;

    @Option(names = "--records", description = "Show each pack with its records.")
    private boolean records;

    Wlog(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      Inspected inspected = new Inspected(shell, records, "packs");
      try (ReadableByteChannel in =
          file.toString().equals("-") ? Channels.newChannel(shell.in()) : open(file)) {
        WlogInspection.Report report = WlogInspection.of(file.toString(), in, inspected::show);
        inspected.end(report, () -> InspectText.of(report));
        return exit(report.findingsCount());
      }
    }
  }

  @Command(
      name = "log-device",
      description = {
        "Read the log device of a volume, a file or block device: its super sectors, and the log",
        "from the oldest lsid to its end, and compare every checksum. The exit code is 10 if something",
        "is wrong with it, and 1 if it is no log device. Looking at a volume in use may show what is",
        "being written as torn."
      },
      footerHeading = "%nExample:%n",
      footer = "  backstay inspect log-device /srv/vol0.log --records")
  static final class LogDevice implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "FILE", description = "The log device.")
    private Path file;

    @Option(names = "--records", description = "Show each pack with its records.")
    private boolean records;

    LogDevice(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      Inspected inspected = new Inspected(shell, records, "packs");
      try (FileChannel device = open(file)) {
        LogDeviceInspection.Report report =
            LogDeviceInspection.of(file.toString(), device, inspected::show);
        inspected.end(report, () -> InspectText.of(report));
        return exit(report.findingsCount());
      }
    }
  }

  @Command(
      name = "wdiff",
      description = {
        "Read a wdiff, sorted or indexed, compare every checksum and unpack every payload. The exit",
        "code is 10 if something is wrong with it, and 1 if it is no wdiff."
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  backstay inspect wdiff 20231114221320-M--10-11.wdiff",
        "  backstay inspect wdiff vol0.wdiff --records -o jsonl"
      })
  static final class Wdiff implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "FILE", description = "The wdiff.")
    private Path file;

    @Option(names = "--records", description = "Show each record.")
    private boolean records;

    Wdiff(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      Inspected inspected = new Inspected(shell, records, "records");
      try (DiffSource source = DiffFile.open(file, shell.files())) {
        WdiffInspection.Report report =
            WdiffInspection.of(file.toString(), source, inspected::show);
        inspected.end(report, () -> InspectText.of(report));
        return exit(report.findingsCount());
      }
    }
  }
}
