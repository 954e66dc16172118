package io.backstay.device;

import io.backstay.seam.NoSpaceException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A file descriptor: what a device or directory does beside reading and writing in bulk. Errors
 * name what was attempted, the path and the cause. Any thread may use it; closing waits for calls
 * that run, because the kernel gives a closed number to the next file.
 */
final class LinuxFile implements Closeable {
  /** Signals may end a call early; more than so many in a row do not happen. */
  private static final int INTERRUPTED_CALLS_MAX = 1000;

  /** Longer ranges are zeroed in steps, so that no single call lasts for minutes. */
  private static final long ZERO_STEP_BYTES = 1L << 30;

  /** Most bytes of one read or write: heap buffers are copied to native memory for these. */
  private static final int PIECE_BYTES = 1 << 20;

  private final String path;
  private final int fd;
  private final ReentrantReadWriteLock closing = new ReentrantReadWriteLock();
  private boolean closed;

  private LinuxFile(String path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  private interface SystemCall {
    /** Negative errno where it failed. */
    long run();
  }

  /**
   * @param flags O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_TMPFILE
   */
  static LinuxFile open(String path, int flags) throws IOException {
    return NativeThreads.call(() -> new LinuxFile(path, (int) opened(path, flags)));
  }

  /** A file without a name in a directory, for reading and writing; fails where there are none. */
  static LinuxFile openNameless(String directory, String description) throws IOException {
    return NativeThreads.call(
        () -> new LinuxFile(description, (int) opened(directory, Linux.O_RDWR | Linux.O_TMPFILE)));
  }

  /** Makes the names in a directory durable. */
  static void syncDirectory(String path) throws IOException {
    try (LinuxFile directory = open(path, Linux.O_RDONLY)) {
      directory.call("sync directory", () -> Linux.fsync(directory.fd));
    }
  }

  /** Whether the JDK's own exception means a full disk: it gives no errno, only its text. */
  static boolean isNoSpace(IOException e) {
    String text = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return Linux.errorText(Linux.ENOSPC).equals(text) || Linux.errorText(Linux.EDQUOT).equals(text);
  }

  String path() {
    return path;
  }

  /** Maps its first bytes at that address, over what is mapped there; negative errno or there. */
  long map(long address, int bytes) throws IOException {
    return quietly(() -> Linux.mmap(address, bytes, Linux.MAP_SHARED_FIXED, fd));
  }

  /** A path under which this very file can be opened once more, also when it has no name. */
  String pathOfDescriptor() {
    return "/proc/self/fd/" + fd;
  }

  long sizeBytes() throws IOException {
    return call("find the size of", () -> Linux.lseek(fd, 0, Linux.SEEK_END));
  }

  void resize(long sizeBytes) throws IOException {
    call("set the size to %d of".formatted(sizeBytes), () -> Linux.ftruncate(fd, sizeBytes));
  }

  /** Makes bytes and size durable. */
  void flush() throws IOException {
    call("flush", () -> Linux.fdatasync(fd));
  }

  /**
   * Lets the kernel begin to bring a range to the disk; whether it does, does not matter. Nothing
   * is durable by it, and what fails then is told by the next {@link #flush} all the same (rule
   * L3).
   */
  void beginWriting(long offset, long lengthBytes) throws IOException {
    quietly(() -> Linux.syncFileRange(fd, offset, lengthBytes, Linux.SYNC_FILE_RANGE_WRITE));
  }

  long fragmentBytes() throws IOException {
    return call("find the block size of", () -> Linux.fragmentBytes(fd));
  }

  /** Logical sector size; only of a block device. */
  long sectorBytes() throws IOException {
    return call("find the sector size of", () -> Linux.ioctlInt(fd, Linux.BLKSSZGET));
  }

  /** False where another open file, of whatever process, has the lock. Ends with the file. */
  boolean lockAlone() throws IOException {
    long result = quietly(() -> Linux.flock(fd, Linux.LOCK_EX | Linux.LOCK_NB));
    if (result == -Linux.EAGAIN) return false;
    checked("lock", result);
    return true;
  }

  /**
   * Fills the buffer from the page cache; false where the disk would be needed, or the file system
   * cannot tell.
   */
  boolean readNow(long offset, ByteBuffer into) throws IOException {
    closing.readLock().lock();
    try {
      if (closed) throw new IOException("cannot use " + path + ": it is closed");
      long got = Linux.readNow(fd, into, offset);
      if (got < into.remaining()) return false;
      into.position(into.limit());
      return true;
    } finally {
      closing.readLock().unlock();
    }
  }

  /** Takes all of the file's space at once. */
  void allocate(long sizeBytes) throws IOException {
    call("allocate %d bytes for".formatted(sizeBytes), () -> Linux.fallocate(fd, 0, 0, sizeBytes));
  }

  /** Reads some bytes; 0 at the end of the file. */
  int read(long offset, ByteBuffer into) throws IOException {
    ByteBuffer piece = piece(into);
    int got =
        (int)
            call(
                "read %d bytes at %d of".formatted(piece.remaining(), offset),
                () -> Linux.pread(fd, piece, offset));
    into.position(into.position() + got);
    return got;
  }

  /** Writes all that remains, or fails. */
  void write(long offset, ByteBuffer from) throws IOException {
    long at = offset;
    while (from.hasRemaining()) at += writeSome(at, from);
  }

  /**
   * Makes a range read as zeroes (rule L7) and gives back its space where that is possible. Never a
   * mere discard, which may leave old bytes readable. False: nothing was done, since the file
   * system can do none of this; the caller writes zeroes.
   */
  boolean zero(long offset, long lengthBytes) throws IOException {
    long end = offset + lengthBytes;
    for (long at = offset; at < end; at += ZERO_STEP_BYTES) {
      if (!zeroStep(at, Math.min(ZERO_STEP_BYTES, end - at))) return false;
    }
    return true;
  }

  /** First byte at or behind the offset that is not in a hole; {@code otherwise} if none is. */
  long nextData(long offset, long otherwise) throws IOException {
    long result = quietly(() -> Linux.lseek(fd, offset, Linux.SEEK_DATA));
    if (result == -Linux.ENXIO) return otherwise;
    return result == -Linux.EINVAL || result == -Linux.EOPNOTSUPP
        ? offset
        : checked("look for data at %d of".formatted(offset), result);
  }

  /** Makes this file share all bytes of another; false where the file system cannot do that. */
  boolean cloneOf(LinuxFile source) throws IOException {
    source.closing.readLock().lock();
    try {
      if (source.closed) throw new IOException("cannot clone " + source.path + ": it is closed");
      return quietly(() -> Linux.ioctlNumber(fd, Linux.FICLONE, source.fd)) == 0;
    } finally {
      source.closing.readLock().unlock();
    }
  }

  @Override
  public void close() throws IOException {
    Lock lock = closing.writeLock();
    lock.lock();
    try {
      if (closed) return;
      closed = true;
      // Linux frees the number whatever close answers, so it is never tried again.
      NativeThreads.call(() -> checked("close", Linux.close(fd)));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return path;
  }

  private int writeSome(long offset, ByteBuffer from) throws IOException {
    ByteBuffer piece = piece(from);
    int put =
        (int)
            call(
                "write %d bytes at %d of".formatted(piece.remaining(), offset),
                () -> Linux.pwrite(fd, piece, offset));
    from.position(from.position() + put);
    return put;
  }

  private static ByteBuffer piece(ByteBuffer bytes) {
    return bytes.slice(bytes.position(), Math.min(bytes.remaining(), PIECE_BYTES));
  }

  private boolean zeroStep(long offset, long lengthBytes) throws IOException {
    int punch = Linux.FALLOC_PUNCH_HOLE | Linux.FALLOC_KEEP_SIZE;
    int zero = Linux.FALLOC_ZERO_RANGE | Linux.FALLOC_KEEP_SIZE;
    return did(offset, lengthBytes, () -> Linux.fallocate(fd, punch, offset, lengthBytes))
        || did(offset, lengthBytes, () -> Linux.fallocate(fd, zero, offset, lengthBytes))
        || did(
            offset, lengthBytes, () -> Linux.ioctlRange(fd, Linux.BLKZEROOUT, offset, lengthBytes));
  }

  private boolean did(long offset, long lengthBytes, SystemCall call) throws IOException {
    long result = quietly(call);
    if (unsupported(result)) return false;
    checked("zero %d bytes at %d of".formatted(lengthBytes, offset), result);
    return true;
  }

  private static boolean unsupported(long result) {
    return result == -Linux.EOPNOTSUPP
        || result == -Linux.ENOSYS
        || result == -Linux.ENODEV
        || result == -Linux.ENOTTY
        || result == -Linux.EINVAL;
  }

  private static long opened(String path, int flags) throws IOException {
    // Without O_NONBLOCK a pipe at that path would hold us for ever; files and devices ignore it.
    int all = flags | Linux.O_CLOEXEC | Linux.O_NOCTTY | Linux.O_NONBLOCK;
    return checked("open", path, uninterrupted(() -> Linux.open(path, all, 0600)));
  }

  private long call(String attempted, SystemCall call) throws IOException {
    return checked(attempted, quietly(call));
  }

  /** The result, negative errno or not. */
  private long quietly(SystemCall call) throws IOException {
    closing.readLock().lock();
    try {
      if (closed) throw new IOException("cannot use " + path + ": it is closed");
      return NativeThreads.call(() -> uninterrupted(call));
    } finally {
      closing.readLock().unlock();
    }
  }

  private static long uninterrupted(SystemCall call) {
    long result = call.run();
    for (int i = 0; result == -Linux.EINTR && i < INTERRUPTED_CALLS_MAX; i++) result = call.run();
    return result;
  }

  private long checked(String attempted, long result) throws IOException {
    return checked(attempted, path, result);
  }

  private static long checked(String attempted, String path, long result) throws IOException {
    if (result >= 0) return result;
    throw failure(attempted, path, (int) -result);
  }

  /** The one place that knows what an errno means to us. */
  private static IOException failure(String attempted, String path, int errno) {
    String cause = Linux.errorText(errno);
    return switch (errno) {
      case Linux.ENOENT -> new NoSuchFileException(path, null, cause);
      case Linux.EEXIST -> new FileAlreadyExistsException(path, null, cause);
      case Linux.EACCES, Linux.EPERM ->
          new AccessDeniedException(path, null, "cannot " + attempted + " it: " + cause);
      case Linux.ENOSPC, Linux.EDQUOT ->
          new NoSpaceException("cannot %s %s: %s".formatted(attempted, path, cause));
      default -> new IOException("cannot %s %s: %s".formatted(attempted, path, cause));
    };
  }
}
