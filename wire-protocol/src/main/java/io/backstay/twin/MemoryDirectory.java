package io.backstay.twin;

import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;

/** A folder of a {@link MemoryDisk} as one process sees it. */
final class MemoryDirectory implements Directory {
  private final MemoryDisk disk;
  private final MemoryDisk.Mount mount;
  private final String path;
  private final MemoryFolder folder;

  MemoryDirectory(MemoryDisk disk, MemoryDisk.Mount mount, String path, MemoryFolder folder) {
    this.disk = disk;
    this.mount = mount;
    this.path = path;
    this.folder = folder;
  }

  @Override
  public String description() {
    return path;
  }

  @Override
  public Directory child(String name) throws IOException {
    return operate(
        "child",
        name,
        () -> {
          if (!folder.has(name)) make(name, new MemoryFolder(disk.nextInode()));
          if (folder.get(name) instanceof MemoryFolder child)
            return new MemoryDirectory(disk, mount, pathOf(name), child);
          throw new NotDirectoryException(pathOf(name));
        });
  }

  @Override
  public List<String> list() throws IOException {
    return disk.operate(mount, "list " + path, folder::list);
  }

  @Override
  public boolean has(String name) throws IOException {
    return operate("has", name, () -> folder.has(name));
  }

  @Override
  public byte[] read(String name) throws IOException {
    return operate(
        "read",
        name,
        () -> {
          MemoryFile file = file(name);
          if (file.sizeBytes() > READ_BYTES_MAX) {
            throw new IOException(
                "cannot read %s as a whole: it has %d bytes, the limit is %d"
                    .formatted(pathOf(name), file.sizeBytes(), READ_BYTES_MAX));
          }
          disk.faults().read(pathOf(name), 0, file.sizeBytes());
          byte[] content = new byte[(int) file.sizeBytes()];
          file.read(0, ByteBuffer.wrap(content));
          return content;
        });
  }

  @Override
  public AppendFile append(String name) throws IOException {
    return operate(
        "append",
        name,
        () -> {
          if (!folder.has(name)) make(name, MemoryFile.file(disk.nextInode()));
          return new MemoryAppendFile(open(name));
        });
  }

  @Override
  public BlockDevice createDevice(String name, long sizeBytes) throws IOException {
    return operate(
        "create",
        name,
        () -> {
          if (folder.has(name)) file(name);
          MemoryFile file = MemoryFile.file(disk.nextInode());
          file.resizeDurably(sizeBytes);
          make(name, file);
          return MemoryBlockDevice.writable(open(name), sizeBytes);
        });
  }

  @Override
  public BlockDevice openDevice(String name) throws IOException {
    return operate(
        "open", name, () -> MemoryBlockDevice.writable(open(name), file(name).sizeBytes()));
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Directory.requireName(to);
    operate(
        "rename to " + to,
        from,
        () -> {
          if (!folder.has(from)) throw new NoSuchFileException(pathOf(from));
          if (folder.has(to) && folder.get(to) instanceof MemoryFolder)
            throw new FileAlreadyExistsException(pathOf(to));
          if (!from.equals(to)) folder.bind(to, folder.get(from));
          return folder;
        });
  }

  @Override
  public void delete(String name) throws IOException {
    if (operate(
        "look-at", name, () -> folder.has(name) && folder.get(name) instanceof MemoryFolder))
      deleteContent(child(name));
    operate(
        "delete",
        name,
        () -> {
          if (!folder.has(name)) return folder;
          if (folder.get(name) instanceof MemoryFolder child && !child.list().isEmpty())
            throw new DirectoryNotEmptyException(pathOf(name));
          folder.remove(name);
          return folder;
        });
  }

  @Override
  public void sync() throws IOException {
    disk.operate(
        mount,
        "sync " + path,
        () -> {
          if (disk.faults().flushFails(path))
            throw new IOException("cannot sync directory " + path + ": Input/output error");
          folder.sync();
          return folder;
        });
  }

  @Override
  public long usableBytes() throws IOException {
    return disk.operate(mount, "usable " + path, disk::freeBytes);
  }

  @Override
  public String toString() {
    return path;
  }

  private static void deleteContent(Directory child) throws IOException {
    for (String name : child.list()) child.delete(name);
  }

  private <T> T operate(String operation, String name, MemoryDisk.Action<T> action)
      throws IOException {
    return disk.operate(mount, operation + " " + pathOf(Directory.requireName(name)), action);
  }

  private void make(String name, MemoryNode node) throws IOException {
    if (folder.isRemoved()) throw new NoSuchFileException(pathOf(name));
    disk.requireSpace(pathOf(name));
    folder.bind(name, node);
  }

  private MemoryOpenFile open(String name) throws IOException {
    return new MemoryOpenFile(disk, mount, pathOf(name), file(name), disk.alignmentBytes());
  }

  private MemoryFile file(String name) throws IOException {
    if (!folder.has(name)) throw new NoSuchFileException(pathOf(name));
    if (folder.get(name) instanceof MemoryFile file) return file;
    throw new IOException(pathOf(name) + " is a directory");
  }

  private String pathOf(String name) {
    return path.equals("/") ? "/" + name : path + "/" + name;
  }
}
