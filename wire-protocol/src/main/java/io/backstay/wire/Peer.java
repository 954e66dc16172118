package io.backstay.wire;

import io.backstay.model.Names;
import io.backstay.model.Role;
import java.util.Objects;

/** Who is at the other end of a channel, from its certificate (rule K5). */
public record Peer(String group, String name, Role role) {
  public Peer {
    Names.require("group", group);
    Names.require("server", name);
    Objects.requireNonNull(role, "role");
  }
}
