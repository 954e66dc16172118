package io.backstay.model;

import java.util.Objects;

/**
 * An expected refusal: a value, never an exception, until it reaches a workflow or the command
 * line.
 *
 * @param message what it means, one sentence
 * @param attempted what was attempted, on what
 * @param found what was found
 * @param next what to do next
 */
public record Refusal(
    RefusalCode code, String message, String attempted, String found, String next) {
  public Refusal {
    Objects.requireNonNull(code, "code");
    message = Objects.requireNonNullElse(message, code.word());
    attempted = Objects.requireNonNullElse(attempted, "");
    found = Objects.requireNonNullElse(found, "");
    next = Objects.requireNonNullElse(next, "");
  }

  public static Refusal of(RefusalCode code, String message) {
    return new Refusal(code, message, "", "", "");
  }

  public Refusal attempted(String what) {
    return new Refusal(code, message, what, found, next);
  }

  public Refusal found(String what) {
    return new Refusal(code, message, attempted, what, next);
  }

  public Refusal next(String what) {
    return new Refusal(code, message, attempted, found, what);
  }
}
