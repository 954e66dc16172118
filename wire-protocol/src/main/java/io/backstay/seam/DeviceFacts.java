package io.backstay.seam;

import java.util.Objects;

/**
 * What lies at a path on a node.
 *
 * @param path absolute path as the user gave it
 * @param kind what it is
 * @param sizeBytes 0 where nothing is there
 * @param identity device and inode (or major:minor of a block device), stable over renames; empty
 *     where nothing is there. A restore resumes only onto the identity that it recorded before its
 *     first write (rule K6)
 * @param empty true for an absent path, a file of length 0, or a block device without known
 *     signature whose first and last MiB are zero (rule K6)
 */
public record DeviceFacts(String path, Kind kind, long sizeBytes, String identity, boolean empty) {
  public enum Kind {
    ABSENT,
    FILE,
    BLOCK_DEVICE
  }

  public DeviceFacts {
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(identity, "identity");
    if (sizeBytes < 0)
      throw new IllegalArgumentException("size of " + path + " is negative: " + sizeBytes);
    if (kind == Kind.ABSENT && (sizeBytes != 0 || !identity.isEmpty() || !empty)) {
      throw new IllegalArgumentException(
          "nothing is at " + path + " but it has size " + sizeBytes + " or identity " + identity);
    }
  }

  public static DeviceFacts absent(String path) {
    return new DeviceFacts(path, Kind.ABSENT, 0, "", true);
  }
}
