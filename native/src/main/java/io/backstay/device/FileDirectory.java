package io.backstay.device;

import io.backstay.device.DirectDevice.Access;
import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import io.backstay.seam.NoSpaceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * A directory of the file system. What it makes is for its owner alone (modes 0700 and 0600), since
 * images are as secret as the volumes they come from.
 */
public final class FileDirectory implements Directory {
  private final Path path;

  private FileDirectory(Path path) {
    this.path = path;
  }

  /** The directory at a path; it and those above are made where they are missing, durably. */
  public static FileDirectory at(Path path) throws IOException {
    Path absolute = path.toAbsolutePath();
    if (!Files.isDirectory(absolute)) {
      Path parent = absolute.getParent();
      if (parent == null) throw new NotDirectoryException(absolute.toString());
      at(parent);
      make(absolute);
      LinuxFile.syncDirectory(parent.toString());
    }
    return new FileDirectory(absolute);
  }

  @Override
  public String description() {
    return path.toString();
  }

  @Override
  public Directory child(String name) throws IOException {
    Path child = pathOf(name);
    make(child);
    return new FileDirectory(child);
  }

  @Override
  public List<String> list() throws IOException {
    List<String> names = new ArrayList<>();
    for (Path entry : entries(path)) {
      String name = entry.getFileName().toString();
      if (!name.startsWith(".")) names.add(name);
    }
    names.sort(null);
    return List.copyOf(names);
  }

  @Override
  public boolean has(String name) {
    return Files.exists(pathOf(name), LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public byte[] read(String name) throws IOException {
    try (LinuxFile file = openFile(name, Linux.O_RDONLY)) {
      long sizeBytes = file.sizeBytes();
      if (sizeBytes > READ_BYTES_MAX) {
        throw new IOException(
            "cannot read %s as a whole: it has %d bytes, the limit is %d"
                .formatted(file.path(), sizeBytes, READ_BYTES_MAX));
      }
      ByteBuffer content = ByteBuffer.allocate((int) sizeBytes);
      while (content.hasRemaining()) {
        if (file.read(content.position(), content) == 0)
          throw new IOException(file.path() + " became shorter while it was read");
      }
      return content.array();
    }
  }

  @Override
  public AppendFile append(String name) throws IOException {
    LinuxFile file = openFile(name, Linux.O_RDWR | Linux.O_CREAT);
    try {
      return new LinuxAppendFile(file);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public BlockDevice createDevice(String name, long sizeBytes) throws IOException {
    Path at = pathOf(name);
    if (Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS))
      throw new FileAlreadyExistsException(at.toString(), null, "it is a directory");
    Files.deleteIfExists(at);
    LinuxFile file = openFile(name, Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL);
    try {
      // An empty file is as long as it says, if it is there at all.
      if (sizeBytes > 0) {
        file.resize(sizeBytes);
        file.flush();
      }
    } catch (IOException e) {
      file.close();
      throw e;
    }
    return DirectDevice.over(file, FileKind.FILE, Access.WRITABLE);
  }

  @Override
  public BlockDevice openDevice(String name) throws IOException {
    return DirectDevice.over(openFile(name, Linux.O_RDWR), FileKind.FILE, Access.WRITABLE);
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Path target = pathOf(to);
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS))
      throw new FileAlreadyExistsException(target.toString(), null, "it is a directory");
    try {
      Files.move(pathOf(from), target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      throw orNoSpace(e);
    }
  }

  @Override
  public void delete(String name) throws IOException {
    delete(pathOf(name));
  }

  @Override
  public void sync() throws IOException {
    LinuxFile.syncDirectory(path.toString());
  }

  @Override
  public long usableBytes() throws IOException {
    // FileStore would read the table of all mounts for the same number.
    if (!Files.isDirectory(path)) throw new NoSuchFileException(path.toString());
    return path.toFile().getUsableSpace();
  }

  @Override
  public String toString() {
    return path.toString();
  }

  private Path pathOf(String name) {
    return path.resolve(Directory.requireName(name));
  }

  private LinuxFile openFile(String name, int flags) throws IOException {
    LinuxFile file = LinuxFile.open(pathOf(name).toString(), flags);
    try {
      FileKind.of(file);
      return file;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private static void make(Path directory) throws IOException {
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) throw new NotDirectoryException(directory.toString());
    } catch (FileSystemException e) {
      throw orNoSpace(e);
    }
  }

  private static IOException orNoSpace(FileSystemException e) {
    return LinuxFile.isNoSpace(e) ? new NoSpaceException(e.getMessage(), e) : e;
  }

  private static void delete(Path at) throws IOException {
    if (Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
      for (Path entry : entries(at)) delete(entry);
    }
    Files.deleteIfExists(at);
  }

  private static List<Path> entries(Path directory) throws IOException {
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      List<Path> entries = new ArrayList<>();
      stream.forEach(entries::add);
      return entries;
    }
  }
}
