package io.backstay.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The system calls that the JDK does not have, raw: a result below 0 is the negative errno. Numbers
 * are those of Linux on x86_64 and aarch64, which agree but for O_DIRECTORY. Nothing here knows of
 * threads; {@link LinuxFile} does.
 */
@SuppressWarnings("restricted") // native calls are what it is for
final class Linux {
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0100;
  static final int O_EXCL = 0200;
  static final int O_NOCTTY = 0400;
  static final int O_NONBLOCK = 04000;
  static final int O_CLOEXEC = 02000000;
  private static final int O_DIRECTORY =
      System.getProperty("os.arch").equals("aarch64") ? 040000 : 0200000;
  static final int O_TMPFILE = 020000000 | O_DIRECTORY;

  static final int SEEK_END = 2;
  static final int SEEK_DATA = 3;

  static final int FALLOC_KEEP_SIZE = 1;
  static final int FALLOC_PUNCH_HOLE = 2;
  static final int FALLOC_ZERO_RANGE = 16;

  static final int SYNC_FILE_RANGE_WRITE = 2;

  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_FIXED = 0x10;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_NORESERVE = 0x4000;

  /** Addresses only, which nobody may touch. */
  static final int MAP_NOTHING = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

  static final int MAP_ANONYMOUS_FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  static final int MAP_SHARED_FIXED = MAP_SHARED | MAP_FIXED;
  static final int MADV_HUGEPAGE = 14;
  static final int MADV_COLLAPSE = 25;

  static final long FICLONE = 0x40049409L;
  static final long BLKSSZGET = 0x1268L;
  static final long BLKZEROOUT = 0x127fL;

  static final int LOCK_EX = 2;
  static final int LOCK_NB = 4;

  private static final int RWF_NOWAIT = 8;

  static final int EAGAIN = 11;
  static final int ENOENT = 2;
  static final int EPERM = 1;
  static final int EINTR = 4;
  static final int ENXIO = 6;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int ENODEV = 19;
  static final int EISDIR = 21;
  static final int EINVAL = 22;
  static final int ENOTTY = 25;
  static final int ENOSPC = 28;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;
  static final int EDQUOT = 122;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_OF_STATE =
      STATE.varHandle(PathElement.groupElement("errno"));

  private static final MethodHandle OPEN =
      variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE =
      plain("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle PREAD =
      plain("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PWRITE =
      plain("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PREADV2 =
      plain(
          "preadv2",
          FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle FLOCK =
      plain("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle LSEEK =
      plain("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle FALLOCATE =
      plain("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle SYNC_FILE_RANGE =
      plain(
          "sync_file_range",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle FTRUNCATE =
      plain("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle FDATASYNC =
      plain("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle FSYNC =
      plain("fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle FSTATVFS =
      plain("fstatvfs", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle IOCTL_POINTER =
      variadic("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
  private static final MethodHandle IOCTL_NUMBER =
      variadic("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle MMAP =
      plain(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      plain("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle MADVISE =
      plain("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  /** Longer than any text of strerror. */
  private static final int ERROR_TEXT_BYTES_MAX = 1024;

  /** More than any struct statvfs has; block size and fragment size are its first two longs. */
  private static final int STATVFS_BYTES = 256;

  private Linux() {}

  private interface Invocation {
    /** Calls one handle, with the segment that takes errno as its first argument. */
    long with(MemorySegment state, Arena arena) throws Throwable;
  }

  static int open(String path, int flags, int mode) {
    return (int)
        call(
            (state, arena) -> (int) OPEN.invokeExact(state, arena.allocateFrom(path), flags, mode));
  }

  static int close(int fd) {
    return (int) call((state, arena) -> (int) CLOSE.invokeExact(state, fd));
  }

  /** Fills from the buffer's position, which stays; heap buffers are copied. */
  static long pread(int fd, ByteBuffer into, long offset) {
    return call((state, arena) -> {
      MemorySegment bytes = MemorySegment.ofBuffer(into);
      MemorySegment off = bytes.isNative() ? bytes : arena.allocate(bytes.byteSize());
      long got = (long) PREAD.invokeExact(state, fd, off, off.byteSize(), offset);
      if (got > 0 && !bytes.isNative()) MemorySegment.copy(off, 0, bytes, 0, got);
      return got;
    });
  }

  /**
   * What of the bytes is in the page cache, from the buffer's position on, which stays; -EAGAIN
   * where nothing is. Only for direct buffers.
   */
  static long readNow(int fd, ByteBuffer into, long offset) {
    return call((state, arena) -> {
      MemorySegment bytes = MemorySegment.ofBuffer(into);
      MemorySegment vector = arena.allocate(ADDRESS.byteSize() + JAVA_LONG.byteSize(), 8);
      vector.set(ADDRESS, 0, bytes);
      vector.set(JAVA_LONG, ADDRESS.byteSize(), bytes.byteSize());
      return (long) PREADV2.invokeExact(state, fd, vector, 1, offset, RWF_NOWAIT);
    });
  }

  static int flock(int fd, int operation) {
    return (int) call((state, arena) -> (int) FLOCK.invokeExact(state, fd, operation));
  }

  /** Writes from the buffer's position, which stays; heap buffers are copied. */
  static long pwrite(int fd, ByteBuffer from, long offset) {
    return call((state, arena) -> {
      MemorySegment bytes = MemorySegment.ofBuffer(from);
      MemorySegment off =
          bytes.isNative() ? bytes : arena.allocate(bytes.byteSize()).copyFrom(bytes);
      return (long) PWRITE.invokeExact(state, fd, off, off.byteSize(), offset);
    });
  }

  static long lseek(int fd, long offset, int whence) {
    return call((state, arena) -> (long) LSEEK.invokeExact(state, fd, offset, whence));
  }

  static int fallocate(int fd, int mode, long offset, long lengthBytes) {
    return (int)
        call((state, arena) -> (int) FALLOCATE.invokeExact(state, fd, mode, offset, lengthBytes));
  }

  static int syncFileRange(int fd, long offset, long lengthBytes, int flags) {
    return (int)
        call((state, arena) ->
            (int) SYNC_FILE_RANGE.invokeExact(state, fd, offset, lengthBytes, flags));
  }

  static int ftruncate(int fd, long sizeBytes) {
    return (int) call((state, arena) -> (int) FTRUNCATE.invokeExact(state, fd, sizeBytes));
  }

  static int fdatasync(int fd) {
    return (int) call((state, arena) -> (int) FDATASYNC.invokeExact(state, fd));
  }

  static int fsync(int fd) {
    return (int) call((state, arena) -> (int) FSYNC.invokeExact(state, fd));
  }

  /**
   * The first bytes of a file, or of nothing where {@code fd} is -1.
   *
   * @return the address
   */
  static long mmap(long address, long lengthBytes, int flags, int fd) {
    int protection = flags == MAP_NOTHING ? PROT_NONE : PROT_READ_WRITE;
    return call((state, arena) ->
        (long) MMAP.invokeExact(state, address, lengthBytes, protection, flags, fd, 0L));
  }

  static int munmap(long address, long lengthBytes) {
    return (int) call((state, arena) -> (int) MUNMAP.invokeExact(state, address, lengthBytes));
  }

  /** Of all the memory that a direct buffer has. */
  static int madvise(ByteBuffer memory, int advice) {
    return (int)
        call((state, arena) -> {
          MemorySegment bytes = MemorySegment.ofBuffer(memory);
          return (int) MADVISE.invokeExact(state, bytes, bytes.byteSize(), advice);
        });
  }

  /** Fragment size of the file system: what the JDK takes for the alignment of direct IO. */
  static long fragmentBytes(int fd) {
    return call((state, arena) -> {
      MemorySegment answer = arena.allocate(STATVFS_BYTES, Long.BYTES);
      int returned = (int) FSTATVFS.invokeExact(state, fd, answer);
      return returned < 0 ? returned : answer.get(JAVA_LONG, Long.BYTES);
    });
  }

  /** An ioctl that answers with a positive int. */
  static long ioctlInt(int fd, long request) {
    return call((state, arena) -> {
      MemorySegment answer = arena.allocate(JAVA_LONG);
      int returned = (int) IOCTL_POINTER.invokeExact(state, fd, request, answer);
      return returned < 0 ? returned : answer.get(JAVA_INT, 0);
    });
  }

  static int ioctlRange(int fd, long request, long offset, long lengthBytes) {
    return (int)
        call((state, arena) -> {
          MemorySegment range = arena.allocateFrom(JAVA_LONG, offset, lengthBytes);
          return (int) IOCTL_POINTER.invokeExact(state, fd, request, range);
        });
  }

  static int ioctlNumber(int fd, long request, long number) {
    return (int) call((state, arena) -> (int) IOCTL_NUMBER.invokeExact(state, fd, request, number));
  }

  /** What the C library says of an errno, in the words that the JDK's own IOExceptions use. */
  static String errorText(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(ERROR_TEXT_BYTES_MAX).getString(0);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static long call(Invocation invocation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long returned = invocation.with(state, arena);
      return returned >= 0 ? returned : -(int) ERRNO_OF_STATE.get(state, 0L);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static MethodHandle plain(String name, FunctionDescriptor shape) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape, ERRNO);
  }

  /** Of a C function whose third argument is "...". */
  private static MethodHandle variadic(String name, FunctionDescriptor shape) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), shape, ERRNO, Linker.Option.firstVariadicArg(2));
  }

  /** A downcall throws only where its handle does not fit its caller. */
  private static AssertionError broken(Throwable e) {
    return new AssertionError("a native call does not fit its declaration", e);
  }
}
