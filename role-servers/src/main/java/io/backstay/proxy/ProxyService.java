package io.backstay.proxy;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.server.RoleParts;
import io.backstay.server.RoleService;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.util.List;

/** The proxy role; it holds nothing yet. */
public final class ProxyService implements RoleService {
  private final RoleParts parts;

  public ProxyService(RoleParts parts) {
    this.parts = parts;
  }

  @Override
  public void start() {}

  @Override
  public Reply answer(Peer peer, Command command) throws RefusedException {
    if (command instanceof Command.ListVolumes) return new Reply.Volumes(List.of());
    throw new RefusedException(
        RefusalCode.UNSUPPORTED,
        "%s does not answer %s"
            .formatted(parts.config().name(), command.getClass().getSimpleName()));
  }

  @Override
  public void stop() {}
}
