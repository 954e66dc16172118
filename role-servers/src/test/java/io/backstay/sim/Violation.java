package io.backstay.sim;

/** Something that must never be so was found to be so. */
public final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param invariant "3", as in section 12 of the design, or a rule
   */
  public Violation(String invariant, String message) {
    super("invariant " + invariant + ": " + message);
  }
}
