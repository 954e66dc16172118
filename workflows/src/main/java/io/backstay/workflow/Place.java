package io.backstay.workflow;

import io.backstay.model.Names;
import java.util.Objects;
import java.util.Optional;

/**
 * A path on a node, written {@code [NODE:]/absolute/path} (rule K6). Without a node the only one of
 * the group is meant.
 */
public record Place(Optional<String> node, String path) {
  /** Linux's own limit of a path. */
  private static final int PATH_CHARACTERS_MAX = 4095;

  public Place {
    Objects.requireNonNull(node, "node");
    node.ifPresent(name -> Names.require("node", name));
    if (!path.startsWith("/") || path.length() > PATH_CHARACTERS_MAX || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "'%s' is not an absolute path: write [NODE:]/absolute/path".formatted(path));
    }
  }

  /**
   * @param what for the message: "device", "target"
   * @throws IllegalArgumentException that says what was given and what is allowed
   */
  public static Place parse(String what, String text) {
    if (text == null || text.isBlank()) {
      throw new IllegalArgumentException(
          "no %s was given: write it as [NODE:]/absolute/path".formatted(what));
    }
    int colon = text.indexOf(":/");
    return text.startsWith("/") || colon < 0
        ? new Place(Optional.empty(), text)
        : new Place(Optional.of(text.substring(0, colon)), text.substring(colon + 1));
  }

  @Override
  public String toString() {
    return node.map(name -> name + ":").orElse("") + path;
  }
}
