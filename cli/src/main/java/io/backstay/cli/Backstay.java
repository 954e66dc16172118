package io.backstay.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The one executable: the composition root of every server, the worker and the commands. */
@Command(
    name = "backstay",
    description = "Backup orchestrator for block volumes.",
    mixinStandardHelpOptions = true,
    versionProvider = Backstay.Version.class)
public final class Backstay implements Runnable {
  @Spec private CommandSpec spec;

  public static void main(String[] args) {
    System.exit(new CommandLine(new Backstay()).execute(args));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** The version as the jar's manifest tells it. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Backstay.class.getPackage().getImplementationVersion();
      return new String[] {"backstay " + (version == null ? "development" : version)};
    }
  }
}
