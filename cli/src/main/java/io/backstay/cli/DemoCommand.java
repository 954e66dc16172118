package io.backstay.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the main job end to end on this machine. */
@Command(
    name = "demo",
    description = {
      "See the main job: a group is started, a volume with a real file system is backed up, the",
      "archive server is killed in the middle, the volume is restored and compared. Then",
      "continuously: a database on a volume that Backstay serves (where the machine allows it)",
      "loses a table, and the moment just before that is back at once.",
      "Leaves nothing running unless --keep. The first time it builds a Temporal server."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  backstay demo",
      "  backstay demo --keep --dir /srv/demo",
      "  backstay demo --plain"
    })
final class DemoCommand implements Callable<Integer> {
  private final Shell shell;

  @Option(names = "--keep", description = "Leave the group running, to try more commands.")
  private boolean keep;

  @Option(names = "--plain", description = "Only the volume that others write.")
  private boolean plain;

  DemoCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws Exception {
    Narration narration = new Narration(shell);
    Optional<Path> wanted = shell.chosenDirectory();
    try (DemoGround ground = DemoGround.prepare(shell, wanted, keep, narration::step)) {
      Demo.Proof proof =
          new Demo(shell, ground, narration).run(plain ? Demo.Acts.PLAIN : Demo.Acts.ALL);
      narration.end(proof, ground);
      shell.output().object(proof, () -> "");
    }
    return 0;
  }
}
