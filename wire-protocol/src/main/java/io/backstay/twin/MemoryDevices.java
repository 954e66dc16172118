package io.backstay.twin;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Devices;
import io.backstay.seam.Emptiness;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** What a {@link MemoryDisk} holds at absolute paths, as one process sees it. */
final class MemoryDevices implements Devices {
  private final MemoryDisk disk;
  private final MemoryDisk.Mount mount;

  MemoryDevices(MemoryDisk disk, MemoryDisk.Mount mount) {
    this.disk = disk;
    this.mount = mount;
  }

  @Override
  public DeviceFacts examine(String path) throws IOException {
    Optional<MemoryFile> found = operate("examine", path, () -> find(path));
    if (found.isEmpty()) return DeviceFacts.absent(path);
    MemoryFile file = found.get();
    boolean block = file.isBlockDevice();
    return new DeviceFacts(
        path,
        block ? DeviceFacts.Kind.BLOCK_DEVICE : DeviceFacts.Kind.FILE,
        file.sizeBytes(),
        block ? "259:" + file.inode() : "8:1:" + file.inode(),
        block ? holdsNothing(path) : file.sizeBytes() == 0);
  }

  @Override
  public BlockDevice openReadOnly(String path) throws IOException {
    return operate(
        "open-read-only",
        path,
        () -> {
          MemoryFile file = get(path);
          return MemoryBlockDevice.readOnly(open(path, file), file.sizeBytes());
        });
  }

  @Override
  public BlockDevice openWritable(String path) throws IOException {
    return operate("open-writable", path, () -> writable(path, get(path)));
  }

  @Override
  public BlockDevice openAlone(String path, Caching caching) throws IOException {
    return operate(
        "open-alone",
        path,
        () -> {
          MemoryFile file = get(path);
          if (file.isClaimed())
            throw new IOException(
                "cannot open " + path + " for this alone: somebody else has it so");
          int alignment = caching == Caching.CACHED ? 1 : disk.alignmentBytes();
          MemoryOpenFile open = new MemoryOpenFile(disk, mount, path, file, alignment);
          file.claim(open);
          return MemoryBlockDevice.writable(open, file.sizeBytes());
        });
  }

  @Override
  public BlockDevice create(String path, long sizeBytes) throws IOException {
    return operate(
        "create",
        path,
        () -> {
          MemoryFile file = emptyFileAt(path);
          file.resizeDurably(sizeBytes);
          parent(path).sync();
          return writable(path, file);
        });
  }

  @Override
  public Optional<BlockDevice> freeze(String path) throws IOException {
    return operate(
        "freeze",
        path,
        () -> {
          MemoryFile file = get(path);
          if (!disk.reflinks() || file.isBlockDevice()) return Optional.empty();
          MemoryFile copy = file.copy(disk.nextInode());
          return Optional.of(MemoryBlockDevice.readOnly(open(path, copy), copy.sizeBytes()));
        });
  }

  @Override
  public ChangeStamp changeStamp(String path) throws IOException {
    return operate(
        "stamp",
        path,
        () -> {
          MemoryFile file = get(path);
          if (!disk.stamps()) return ChangeStamp.UNKNOWN;
          return new ChangeStamp(
              "inode %d size %d changes %d boot %d"
                  .formatted(file.inode(), file.sizeBytes(), file.changes(), disk.boots()));
        });
  }

  private boolean holdsNothing(String path) throws IOException {
    try (BlockDevice device = openReadOnly(path)) {
      return Emptiness.whatIsOn(device).isEmpty();
    }
  }

  private <T> T operate(String operation, String path, MemoryDisk.Action<T> action)
      throws IOException {
    return disk.operate(mount, operation + " " + path, action);
  }

  private MemoryBlockDevice writable(String path, MemoryFile file) throws IOException {
    MemoryOpenFile open = open(path, file);
    if (file.isBlockDevice()) {
      if (file.isClaimed())
        throw new IOException("cannot open " + path + " for writing: Device or resource busy");
      file.claim(open);
    }
    return MemoryBlockDevice.writable(open, file.sizeBytes());
  }

  private MemoryOpenFile open(String path, MemoryFile file) {
    return new MemoryOpenFile(disk, mount, path, file, disk.alignmentBytes());
  }

  private MemoryFile emptyFileAt(String path) throws IOException {
    Optional<MemoryFile> there = find(path);
    if (there.isPresent()) {
      MemoryFile file = there.get();
      if (file.isBlockDevice() || file.sizeBytes() > 0) throw new FileAlreadyExistsException(path);
      return file;
    }
    disk.requireSpace(path);
    MemoryFile file = MemoryFile.file(disk.nextInode());
    parent(path).bind(nameOf(path), file);
    return file;
  }

  private MemoryFile get(String path) throws IOException {
    return find(path).orElseThrow(() -> new NoSuchFileException(path));
  }

  private Optional<MemoryFile> find(String path) throws IOException {
    MemoryFolder parent = disk.root();
    Path at = absolute(path);
    for (Path name : at.getParent()) {
      if (!parent.has(name.toString())) return Optional.empty();
      if (!(parent.get(name.toString()) instanceof MemoryFolder next))
        throw new IOException(path + " leads through a file");
      parent = next;
    }
    if (!parent.has(nameOf(path))) return Optional.empty();
    if (parent.get(nameOf(path)) instanceof MemoryFile file) return Optional.of(file);
    throw new IOException(path + " is a directory, neither file nor block device");
  }

  private MemoryFolder parent(String path) throws IOException {
    MemoryFolder parent = disk.root();
    for (Path name : absolute(path).getParent()) {
      if (!parent.has(name.toString())
          || !(parent.get(name.toString()) instanceof MemoryFolder next))
        throw new NoSuchFileException(path, null, "the directory of that path does not exist");
      parent = next;
    }
    return parent;
  }

  private static String nameOf(String path) throws IOException {
    return absolute(path).getFileName().toString();
  }

  private static Path absolute(String path) throws IOException {
    try {
      return MemoryDisk.absolute(path);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
