package io.backstay.server;

import io.backstay.model.ServerRecord;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.util.Objects;

/**
 * What a role is made of: its configuration and the seams. The command line puts in the real ones,
 * the simulator its twins.
 *
 * @param directory where the server keeps what must be durable
 * @param servers the others of the group, by name
 * @param pool all buffers of all image transfers of this process
 */
public record RoleParts(
    ServerConfig config,
    Directory directory,
    Devices devices,
    Time time,
    Dialer dialer,
    Servers servers,
    RecordCheck records,
    GrantCheck grants,
    BufferPool pool) {
  public RoleParts {
    Objects.requireNonNull(config, "config");
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(devices, "devices");
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(dialer, "dialer");
    Objects.requireNonNull(servers, "servers");
    Objects.requireNonNull(records, "records");
    Objects.requireNonNull(grants, "grants");
    Objects.requireNonNull(pool, "pool");
  }

  /** A pool beside that of the image transfers. */
  public BufferPool buffers(int buffers, int bufferBytes) {
    return new BufferPool(buffers, bufferBytes, devices::memory);
  }

  /**
   * Opens a conversation with a server of the group, wherever the newest copy of the catalog says
   * that it is.
   *
   * @throws UnreachableException that says why not
   */
  public Channel dial(String server) throws IOException, InterruptedException {
    ServerRecord record =
        servers
            .catalog()
            .server(server)
            .orElseThrow(
                () -> new UnreachableException("the catalog knows no server " + server, null));
    return dialer.dial(server, record.address());
  }
}
