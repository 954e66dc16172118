package io.backstay.cli;

import io.backstay.convert.DiffForm;
import io.backstay.convert.WlogToWdiff;
import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader.Format;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code convert wlog-to-wdiff}. */
@Command(
    name = "convert",
    description = "Make a file of one format of another's. Needs no group.",
    footerHeading = "%nExample:%n",
    footer = "  backstay convert wlog-to-wdiff vol0.wlog vol0.wdiff")
final class ConvertCommands implements Callable<Integer> {
  private final Shell shell;

  private ConvertCommands(Shell shell) {
    this.shell = shell;
  }

  static CommandLine of(Shell shell) {
    return new CommandLine(new ConvertCommands(shell)).addSubcommand(new ToWdiff(shell));
  }

  @Override
  public Integer call() {
    return Nouns.explain(shell, "convert");
  }

  /** How a wdiff is written. */
  static final class Form {
    @Option(
        names = "--indexed",
        description = "Write the indexed format of walb's proxies; default: the sorted one.")
    private boolean indexed;

    @Option(
        names = "--compression",
        paramLabel = "C",
        defaultValue = "snappy",
        description = {
          "none, gzip, snappy, lzma, lz4 or zstd, with a level of 0 to 9 if wanted: zstd:3",
          "(default: ${DEFAULT-VALUE})."
        })
    private String compression;

    DiffForm form(Shell shell) {
      return new DiffForm(
          indexed ? Format.INDEXED : Format.SORTED, Compression.parse(compression), shell.files());
    }
  }

  @Command(
      name = "wlog-to-wdiff",
      description = {
        "Make a wdiff of a wlog, or of several of one session behind each other: of every sector",
        "what was written last. Discards and writes of zeroes become zeroes. Every checksum is",
        "compared; the wdiff is there when it is whole and durable, and replaces nothing. Memory",
        "does not grow with the wlog: what is longer is put aside beside the wdiff meanwhile."
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  backstay convert wlog-to-wdiff vol0.wlog vol0.wdiff --compression zstd:3",
        "  walb-tool ... | backstay convert wlog-to-wdiff - vol0.wdiff --indexed"
      })
  static final class ToWdiff implements Callable<Integer> {
    private final Shell shell;

    @Parameters(index = "0", paramLabel = "WLOG", description = "The wlog; - for stdin.")
    private Path wlog;

    @Parameters(index = "1", paramLabel = "WDIFF", description = "The new file.")
    private Path wdiff;

    @Mixin private Form form;

    ToWdiff(Shell shell) {
      this.shell = shell;
    }

    @Override
    public Integer call() throws Exception {
      DiffForm wanted = form.form(shell);
      boolean stdin = wlog.toString().equals("-");
      try (ReadableByteChannel in =
              stdin ? Channels.newChannel(shell.in()) : shell.files().read(wlog, "wlog");
          FileProgress progress = new FileProgress(shell)) {
        long bytes = stdin ? 0 : Files.size(wlog);
        WlogToWdiff.Made made =
            WlogToWdiff.convert(wlog.toString(), in, bytes, wdiff, wanted, progress);
        progress.close();
        shell.output().object(made, () -> text(made));
        return 0;
      }
    }

    private static String text(WlogToWdiff.Made made) {
      return "%s: %s, %s, of %d records in %s of log"
          .formatted(
              made.file(),
              Quantity.bytes(made.fileBytes()),
              made.format(),
              made.records(),
              Quantity.bytes(made.wlogBytes()));
    }
  }
}
