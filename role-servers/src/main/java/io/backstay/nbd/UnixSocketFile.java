package io.backstay.nbd;

import io.backstay.seam.Time;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/**
 * The file by which clients find a Unix socket. It appears under its name only when its mode is
 * right and somebody listens: bound in a directory of its own that only its owner may enter, then
 * renamed, over the file of a server that died if there is one.
 */
final class UnixSocketFile {
  /** With the byte that ends it, what the kernel has room for. */
  private static final int PATH_BYTES_MAX = 107;

  private final Path path;
  private final Object identity;

  /** Listens at a path. */
  interface Bind {
    void at(Path path) throws IOException;
  }

  private UnixSocketFile(Path path, Object identity) {
    this.path = path;
    this.identity = identity;
  }

  /**
   * @throws BindException if another server lives there, or something else than a socket
   */
  static UnixSocketFile create(Path wanted, Time time, Bind bind) throws IOException {
    Path path = wanted.toAbsolutePath();
    requireFree(path);
    Path parent = Objects.requireNonNull(path.getParent(), "directory of a socket");
    Path own = parent.resolve(".%06x".formatted(time.random().nextInt(1 << 24)));
    Path bound = own.resolve("s");
    requireShort(path);
    requireShort(bound);
    Files.createDirectory(
        own, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      bind.at(bound);
      Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
      Object identity = identity(bound);
      Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE);
      return new UnixSocketFile(path, identity);
    } finally {
      Files.deleteIfExists(bound);
      Files.delete(own);
    }
  }

  private static void requireShort(Path path) throws BindException {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes <= PATH_BYTES_MAX) return;
    throw new BindException(
        "the path of the socket %s has %d bytes, at most %d are possible: choose a shorter directory"
            .formatted(path, bytes, PATH_BYTES_MAX));
  }

  private static void requireFree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return;
    if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new BindException(path + " is there and is no socket: remove it, or choose another");
    }
    try (SocketChannel living = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new BindException(
          "another server listens at %s: %s".formatted(path, living.getRemoteAddress()));
    } catch (ConnectException nobodyListens) {
      // A server died and left its file, which is replaced.
    }
  }

  private static Object identity(Path path) throws IOException {
    Object key =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    return Objects.requireNonNull(key, "inode of " + path);
  }

  Path path() {
    return path;
  }

  /** Removes the file, unless another server has put its own there. */
  void delete() throws IOException {
    try {
      if (identity.equals(identity(path))) Files.delete(path);
    } catch (NoSuchFileException goneAlready) {
      // Just as well.
    }
  }
}
