package io.backstay.cli;

import io.backstay.convert.WdiffApply;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Devices;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code apply-wdiff}. */
@Command(
    name = "apply-wdiff",
    description = {
      "Write wdiffs onto an image, a file or block device that is there: their data, and zeroes where",
      "they have zeroes or discards. All of them are read and compared before the first byte is",
      "written. If it breaks off behind that, do it again: that changes nothing else."
    },
    footerHeading = "%nExample:%n",
    footer = "  backstay apply-wdiff vol0.img monday.wdiff tuesday.wdiff")
final class ApplyWdiffCommand implements Callable<Integer> {
  private final Shell shell;

  @Parameters(index = "0", paramLabel = "IMAGE", description = "What is written to.")
  private Path image;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "WDIFF",
      description = "The oldest first.")
  private List<Path> wdiffs;

  ApplyWdiffCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    String path = image.toAbsolutePath().normalize().toString();
    if (!Files.exists(image))
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_FOUND, "there is no such image")
              .found("nothing at " + path)
              .next("make it first, as large as the volume: truncate -s SIZE " + image));
    try (BlockDevice device = shell.files().devices().openAlone(path, Devices.Caching.CACHED);
        FileProgress progress = new FileProgress(shell)) {
      WdiffApply.Done done =
          WdiffApply.apply(image.toString(), device, wdiffs, shell.files(), progress);
      progress.close();
      shell.output().object(done, () -> text(done));
      return 0;
    }
  }

  private static String text(WdiffApply.Done done) {
    return "%s: %s written and %s made zero, of %d wdiffs"
        .formatted(
            done.image(),
            Quantity.bytes(done.bytesWritten()),
            Quantity.bytes(done.bytesZeroed()),
            done.wdiffs());
  }
}
