package io.backstay.bench;

import java.io.PrintStream;

/** What is said on the way goes to stderr, results to stdout. */
record Console(PrintStream out, PrintStream err) {
  void say(String format, Object... arguments) {
    err.println("bench: " + format.formatted(arguments));
    err.flush();
  }
}
