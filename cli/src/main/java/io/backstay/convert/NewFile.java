package io.backstay.convert;

import io.backstay.diff.DiffOutput;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that is there whole or not at all, and replaces nothing: it is written under another name
 * beside its own, {@code NAME.tmp}, and gets its own when it is durable.
 */
final class NewFile implements Closeable {
  private final Path path;
  private final Path temporary;
  private final FileAccess files;
  private final BlockDevice device;
  private final BehindOutput output;
  private boolean published;

  private NewFile(Path path, Path temporary, FileAccess files, BlockDevice device) {
    this.path = path;
    this.temporary = temporary;
    this.files = files;
    this.device = device;
    this.output = files.append(device);
  }

  /**
   * @throws RefusedException where something has the name already, or the directory is not there
   */
  static NewFile create(Path path, FileAccess files) throws IOException, RefusedException {
    requireAbsent(path);
    Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
    make(path, temporary);
    try {
      return new NewFile(path, temporary, files, files.write(temporary));
    } catch (IOException e) {
      Files.deleteIfExists(temporary);
      throw e;
    }
  }

  private static void make(Path path, Path temporary) throws IOException, RefusedException {
    try {
      Files.createFile(temporary);
    } catch (FileAlreadyExistsException e) {
      throw exists(temporary, "another command may be writing it; else delete it and try again");
    } catch (NoSuchFileException e) {
      throw new RefusedException(
          Refusal.of(RefusalCode.NOT_FOUND, "there is no such directory")
              .found("nothing at " + path.toAbsolutePath().getParent())
              .next("make it, or name another one"));
    }
  }

  private static void requireAbsent(Path path) throws RefusedException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS))
      throw exists(path, "name a file that is not there; nothing is overwritten");
  }

  private static RefusedException exists(Path path, String next) {
    return new RefusedException(
        Refusal.of(RefusalCode.NOT_EMPTY, "there is a file already")
            .found(path.toAbsolutePath() + " is there")
            .next(next));
  }

  /** Where its bytes are written. */
  DiffOutput output() {
    return output;
  }

  private interface Opener<T> {
    T open(Path file) throws IOException;
  }

  /** A file beside it, without a name: it is gone when it is closed, or with this process. */
  FileChannel spool() throws IOException {
    return nameless(
        file -> FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  /** As {@link #spool}, for much that is written and read from its first byte to its last. */
  BlockDevice longSpool() throws IOException {
    return nameless(files::write);
  }

  private <T> T nameless(Opener<T> opener) throws IOException {
    Path nameless =
        Files.createTempFile(path.toAbsolutePath().getParent(), path.getFileName() + ".", ".tmp");
    try {
      return opener.open(nameless);
    } finally {
      Files.delete(nameless);
    }
  }

  /**
   * Content first, then the name, then the directory that has it: durable when this returns.
   *
   * @throws RefusedException where something got the name meanwhile
   */
  void publish() throws IOException, RefusedException {
    output.finish();
    device.flush();
    try {
      // A link, unlike a rename, never takes the place of what is there.
      Files.createLink(path, temporary);
      Files.delete(temporary);
    } catch (FileAlreadyExistsException e) {
      throw exists(path, "it came while this one was written; name another one");
    } catch (UnsupportedOperationException | FileSystemException e) {
      requireAbsent(path);
      Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    }
    published = true;
    try (FileChannel directory = FileChannel.open(path.toAbsolutePath().getParent())) {
      directory.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    output.close();
    device.close();
    if (!published) Files.deleteIfExists(temporary);
  }
}
