package io.backstay.server;

import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import java.util.Objects;

/**
 * What a role is made of: its configuration and the seams. The command line puts in the real ones,
 * the simulator its twins.
 *
 * @param directory where the server keeps what must be durable
 * @param pool all buffers of all transfers of this process
 */
public record RoleParts(
    ServerConfig config,
    Directory directory,
    Devices devices,
    Time time,
    Dialer dialer,
    RecordCheck records,
    GrantCheck grants,
    BufferPool pool) {
  public RoleParts {
    Objects.requireNonNull(config, "config");
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(devices, "devices");
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(dialer, "dialer");
    Objects.requireNonNull(records, "records");
    Objects.requireNonNull(grants, "grants");
    Objects.requireNonNull(pool, "pool");
  }
}
