package io.backstay.cli;

import io.backstay.convert.WdiffMerge;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code merge-wdiff}. */
@Command(
    name = "merge-wdiff",
    description = {
      "Make one wdiff of several, sorted or indexed ones: of every sector what the newest says. The",
      "result has the session of the newest. It is there when it is whole and durable, and replaces",
      "nothing. What survives whole stays compressed as it is where that is what is wanted."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay merge-wdiff --to day.wdiff night.wdiff morning.wdiff evening.wdiff")
final class MergeWdiffCommand implements Callable<Integer> {
  private final Shell shell;

  @Option(names = "--to", required = true, paramLabel = "OUT", description = "The new file.")
  private Path to;

  @Parameters(arity = "1..*", paramLabel = "WDIFF", description = "The oldest first.")
  private List<Path> wdiffs;

  @Mixin private ConvertCommands.Form form;

  MergeWdiffCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    try (FileProgress progress = new FileProgress(shell)) {
      WdiffMerge.Made made = WdiffMerge.merge(wdiffs, to, form.form(shell), progress);
      progress.close();
      shell.output().object(made, () -> text(made));
      return 0;
    }
  }

  private static String text(WdiffMerge.Made made) {
    return "%s: %s, %s, %d stretches of %d wdiffs"
        .formatted(
            made.file(),
            Quantity.bytes(made.fileBytes()),
            made.format(),
            made.stretches(),
            made.inputs());
  }
}
