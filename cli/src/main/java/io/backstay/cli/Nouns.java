package io.backstay.cli;

/** A noun without its verb. */
final class Nouns {
  private Nouns() {}

  /** That is a wrong use of the command line. */
  static int explain(Shell shell, String noun) {
    Failure failure =
        Failure.usage(
            "'%s' needs a verb".formatted(noun),
            "backstay " + noun,
            "backstay %s --help shows them".formatted(noun));
    shell.output().error(failure);
    return failure.exit();
  }
}
