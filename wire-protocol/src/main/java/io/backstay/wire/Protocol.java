package io.backstay.wire;

/**
 * Versions of the protocol. Each release speaks N and N-1 (rule K7); this is the first, so both
 * ends are 1.
 */
public final class Protocol {
  public static final int VERSION_MIN = 1;
  public static final int VERSION_MAX = 1;

  private Protocol() {}
}
