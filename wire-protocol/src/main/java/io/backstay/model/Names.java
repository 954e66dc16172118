package io.backstay.model;

import java.util.regex.Pattern;

/**
 * What a name may be. Names become file names, workflow ids and metric labels, so they are narrow.
 */
public final class Names {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");

  private Names() {}

  /**
   * A volume, server, node or group name: 1 to 63 letters, digits, {@code _} and {@code -},
   * beginning with a letter or digit.
   *
   * @param what for the message: "volume", "server"
   * @throws IllegalArgumentException that says what was given and what is allowed
   */
  public static String require(String what, String name) {
    if (name == null || !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a %s name: 1 to 63 letters, digits, '_' or '-' are allowed, the first a letter or digit"
              .formatted(name, what));
    }
    return name;
  }
}
