package io.backstay.model;

import java.util.Objects;

/** Carries a {@link Refusal} out of a conversation to the place that answers it. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient Refusal refusal;

  public RefusedException(Refusal refusal) {
    super(refusal.message());
    this.refusal = Objects.requireNonNull(refusal, "refusal");
  }

  public RefusedException(RefusalCode code, String message) {
    this(Refusal.of(code, message));
  }

  public Refusal refusal() {
    return refusal;
  }
}
