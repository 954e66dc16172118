package io.backstay.target;

import io.backstay.image.DeviceSink;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What is durable of one restore at the node that writes, before its first write (rule K6).
 *
 * @param identity of what lies at the path, as {@link io.backstay.seam.DeviceFacts} has it; empty
 *     while the file is being made
 * @param before what the target held where nothing was written yet
 * @param durable everything below is written and durable
 * @param nonce of the grant that allowed it, which allows nothing else (rule K5)
 */
record TargetRecord(
    String operation,
    String volume,
    long gid,
    String path,
    String identity,
    long sizeBytes,
    DeviceSink.Before before,
    long durable,
    Progress progress,
    Optional<String> nonce,
    Instant changed) {
  enum Progress {
    CREATING,
    WRITING,
    COMPLETE
  }

  TargetRecord {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(identity, "identity");
    Objects.requireNonNull(before, "before");
    Objects.requireNonNull(progress, "progress");
    Objects.requireNonNull(changed, "changed");
  }

  TargetRecord writing(String newIdentity, Instant now) {
    return new TargetRecord(
        operation,
        volume,
        gid,
        path,
        newIdentity,
        sizeBytes,
        before,
        durable,
        Progress.WRITING,
        nonce,
        now);
  }

  TargetRecord durable(long upTo, Instant now) {
    return new TargetRecord(
        operation, volume, gid, path, identity, sizeBytes, before, upTo, progress, nonce, now);
  }

  TargetRecord complete(Instant now) {
    return new TargetRecord(
        operation,
        volume,
        gid,
        path,
        identity,
        sizeBytes,
        before,
        sizeBytes,
        Progress.COMPLETE,
        nonce,
        now);
  }
}
