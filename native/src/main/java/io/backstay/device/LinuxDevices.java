package io.backstay.device;

import io.backstay.device.DirectDevice.Access;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.DeviceFacts;
import io.backstay.seam.Devices;
import io.backstay.seam.Emptiness;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Files and block devices at absolute paths of this machine.
 *
 * <p>{@link #freeze} makes a reflink clone where the file system has them (xfs, btrfs, bcachefs),
 * as a file without a name in the source's directory, so that nothing is left behind whatever
 * happens; it needs the right to write there. LVM snapshots are not made: a block device is never
 * frozen, and its point is proven by {@link #changeStamp} or not at all.
 */
public final class LinuxDevices implements Devices {
  private final LinuxChangeStamps stamps;

  public LinuxDevices(Time time) {
    this.stamps = new LinuxChangeStamps(time);
  }

  @Override
  public DeviceFacts examine(String path) throws IOException {
    Path at = absolute(path);
    FileStatus status;
    try {
      status = FileStatus.of(at);
    } catch (NoSuchFileException e) {
      if (Files.exists(at, LinkOption.NOFOLLOW_LINKS))
        throw new IOException(path + " is a symbolic link to something that is not there");
      return DeviceFacts.absent(path);
    }
    return switch (status.kind()) {
      case FILE ->
          new DeviceFacts(
              path,
              DeviceFacts.Kind.FILE,
              status.sizeBytes(),
              status.device() + ":" + status.inode(),
              status.sizeBytes() == 0);
      case BLOCK_DEVICE -> examineBlockDevice(path, status);
    };
  }

  @Override
  public BlockDevice openReadOnly(String path) throws IOException {
    LinuxFile file = LinuxFile.open(absolute(path).toString(), Linux.O_RDONLY);
    return DirectDevice.over(file, kind(file), Access.READ_ONLY);
  }

  @Override
  public BlockDevice openWritable(String path) throws IOException {
    String at = absolute(path).toString();
    // For a block device O_EXCL without O_CREAT means: nobody else may have claimed it.
    int exclusive = isBlockDevice(at) ? Linux.O_EXCL : 0;
    LinuxFile file = LinuxFile.open(at, Linux.O_RDWR | exclusive);
    return DirectDevice.over(file, kind(file), Access.WRITABLE);
  }

  @Override
  public BlockDevice openAlone(String path, Caching caching) throws IOException {
    String at = absolute(path).toString();
    int exclusive = isBlockDevice(at) ? Linux.O_EXCL : 0;
    LinuxFile file = LinuxFile.open(at, Linux.O_RDWR | exclusive);
    FileKind kind = kind(file);
    if (!file.lockAlone()) {
      file.close();
      throw new IOException("cannot open " + path + " for this alone: somebody else has it so");
    }
    return DirectDevice.over(file, kind, Access.WRITABLE, caching);
  }

  @Override
  public BlockDevice create(String path, long sizeBytes) throws IOException {
    Path at = absolute(path);
    LinuxFile file = createdOrEmpty(at);
    try {
      file.resize(sizeBytes);
      file.flush();
      LinuxFile.syncDirectory(at.getParent().toString());
    } catch (IOException e) {
      file.close();
      throw e;
    }
    return DirectDevice.over(file, FileKind.FILE, Access.WRITABLE);
  }

  @Override
  public Optional<BlockDevice> freeze(String path) throws IOException {
    Path at = absolute(path);
    try (LinuxFile source = LinuxFile.open(at.toString(), Linux.O_RDONLY)) {
      if (kind(source) == FileKind.BLOCK_DEVICE) return Optional.empty();
      Optional<LinuxFile> clone = nameless(at);
      if (clone.isEmpty()) return Optional.empty();
      if (clone.get().cloneOf(source))
        return Optional.of(DirectDevice.over(clone.get(), FileKind.FILE, Access.READ_ONLY));
      clone.get().close();
      return Optional.empty();
    }
  }

  @Override
  public ChangeStamp changeStamp(String path) throws IOException {
    return stamps.of(absolute(path));
  }

  @Override
  public ByteBuffer memory(int bytes) {
    return HugePages.allocate(bytes);
  }

  private DeviceFacts examineBlockDevice(String path, FileStatus status) throws IOException {
    try (BlockDevice device = openReadOnly(path)) {
      return new DeviceFacts(
          path,
          DeviceFacts.Kind.BLOCK_DEVICE,
          device.sizeBytes(),
          status.blockDevice(),
          Emptiness.whatIsOn(device).isEmpty());
    }
  }

  private static LinuxFile createdOrEmpty(Path at) throws IOException {
    try {
      return LinuxFile.open(at.toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL);
    } catch (FileAlreadyExistsException e) {
      FileStatus status = FileStatus.of(at);
      if (status.kind() != FileKind.FILE || status.sizeBytes() > 0) throw e;
      return LinuxFile.open(at.toString(), Linux.O_RDWR);
    }
  }

  /** Empty where the directory takes none: then it is not for us to freeze there. */
  private static Optional<LinuxFile> nameless(Path source) {
    try {
      return Optional.of(
          LinuxFile.openNameless(source.getParent().toString(), source + " (frozen)"));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isBlockDevice(String path) throws IOException {
    return FileStatus.of(Path.of(path)).kind() == FileKind.BLOCK_DEVICE;
  }

  private static FileKind kind(LinuxFile file) throws IOException {
    try {
      return FileKind.of(file);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private static Path absolute(String path) throws IOException {
    try {
      Path at = Path.of(path);
      // Not normalized: behind a symbolic link ".." is not what the text says.
      if (at.isAbsolute()) return at;
    } catch (InvalidPathException e) {
      throw new IOException("'" + path + "' is not a path", e);
    }
    throw new IOException("'" + path + "' is not an absolute path");
  }
}
