package io.backstay.model;

import java.time.Instant;
import java.util.Objects;

/**
 * An operator's leave for one destructive step (rule K5); the content of a {@link Signed}. The
 * server that would destroy checks it once, commits its nonce together with the ledger entry, and
 * does not check the expiry again for that operation.
 *
 * @param command the work it allows: "clear-volume", "restore" (overwriting), "delete-point",
 *     "apply", "merge"
 * @param target what is destroyed: a path; a gid in decimal, that of an apply being the oldest that
 *     stays; of a merge "FROM-TO"; or "" where the volume says all
 * @param inputHash SHA-256 in hex of the canonical input of the run without its grant
 */
public record Grant(
    String group,
    String command,
    String volume,
    String target,
    String inputHash,
    Instant expiry,
    String nonce) {
  public Grant {
    Objects.requireNonNull(group, "group");
    Objects.requireNonNull(command, "command");
    Names.require("volume", volume);
    Objects.requireNonNull(target, "target");
    Objects.requireNonNull(inputHash, "inputHash");
    Objects.requireNonNull(expiry, "expiry");
    Objects.requireNonNull(nonce, "nonce");
  }
}
