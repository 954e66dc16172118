package io.backstay.cli;

import com.fasterxml.jackson.core.JacksonException;
import io.backstay.wire.Cbor;
import java.io.PrintStream;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Where a command's answer goes: data to stdout, everything said on the way to stderr, so that a
 * pipe gets data only.
 */
final class Output {
  private final PrintStream out;
  private final PrintStream err;
  private final OutputFormat format;

  Output(PrintStream out, PrintStream err, OutputFormat format) {
    this.out = Objects.requireNonNull(out, "out");
    this.err = Objects.requireNonNull(err, "err");
    this.format = Objects.requireNonNull(format, "format");
  }

  OutputFormat format() {
    return format;
  }

  /** The answer is one thing. */
  void object(Object value, Supplier<String> text) {
    switch (format) {
      case TEXT -> print(text.get());
      case JSON -> out.println(pretty(value));
      case JSONL -> out.println(line(value));
    }
    out.flush();
  }

  /** The answer is a list. */
  void list(List<?> values, Supplier<String> text) {
    switch (format) {
      case TEXT -> print(text.get());
      case JSON -> out.println(pretty(values));
      case JSONL -> values.forEach(value -> out.println(line(value)));
    }
    out.flush();
  }

  private void print(String text) {
    if (!text.isEmpty()) out.println(text);
  }

  /** For people, on the way to the answer. */
  void say(String message) {
    err.println(message);
    err.flush();
  }

  /** Ends nothing: the caller ends with {@link Failure#exit}. */
  void error(Failure failure) {
    say(format.forMachines() ? line(failure.report()) : failure.text());
  }

  PrintStream err() {
    return err;
  }

  static String line(Object value) {
    try {
      return Cbor.json().writeValueAsString(value);
    } catch (JacksonException e) {
      throw new IllegalStateException("no JSON for a " + value.getClass().getSimpleName(), e);
    }
  }

  private static String pretty(Object value) {
    try {
      return Cbor.json().writerWithDefaultPrettyPrinter().writeValueAsString(value);
    } catch (JacksonException e) {
      throw new IllegalStateException("no JSON for a " + value.getClass().getSimpleName(), e);
    }
  }
}
