package io.backstay.twin;

import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.NoSpaceException;
import io.backstay.seam.SharedMemories;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The disks of one simulated machine: a tree of folders, files and block devices, used by processes
 * that come and go.
 *
 * <pre>
 *   MemoryDisk disk = new MemoryDisk();
 *   Directory state = disk.directory("/state");       // of the process that runs now
 *   disk.processDeath();                               // state and all that it opened are dead
 *   Directory again = disk.directory("/state");       // the next process finds what was written
 *   disk.powerLoss(random);                            // what was not synced may be gone
 * </pre>
 *
 * <p>Where several processes share a machine each takes a {@link Mount} of its own, which can die
 * alone.
 *
 * <p>A write that crosses a boundary of 4 KiB is two operations, so that a process can die between.
 * Thread-safe; the hook runs outside the lock and may kill.
 */
public final class MemoryDisk {
  /** Alignment that the devices ask for unless told otherwise: the strictest of the contract. */
  public static final int ALIGNMENT_BYTES = 4096;

  private final ReentrantLock lock = new ReentrantLock();
  private final int alignmentBytes;
  private final DiskFaults faults = new DiskFaults();
  private MemoryFolder root = new MemoryFolder(1);
  private volatile Consumer<String> hook = operation -> {};
  private long inodes = 1;
  private long boots = 1;
  private long capacityBytes = Long.MAX_VALUE;
  private boolean reflinks;
  private boolean stamps = true;
  private boolean faultsAct = true;
  private final Map<String, MemoryShared.Pages> shared = new TreeMap<>();
  private final List<Mount> mounts = new ArrayList<>();
  private Mount only = new Mount("process 1");
  private int lives = 1;

  public MemoryDisk() {
    this(ALIGNMENT_BYTES);
  }

  public MemoryDisk(int alignmentBytes) {
    if (Integer.bitCount(alignmentBytes) != 1 || alignmentBytes > ALIGNMENT_BYTES) {
      throw new IllegalArgumentException(
          "alignment %d is not a power of two from 1 to %d"
              .formatted(alignmentBytes, ALIGNMENT_BYTES));
    }
    this.alignmentBytes = alignmentBytes;
  }

  /** One process's use of the disk: what it opened dies with it. */
  public final class Mount {
    private final String process;
    private boolean dead;

    private Mount(String process) {
      this.process = process;
    }

    /** The directory at an absolute path; it and those above are there, durably. */
    public Directory directory(String path) {
      return locked(
          () -> new MemoryDirectory(MemoryDisk.this, this, path, folders(absolute(path))));
    }

    public Devices devices() {
      return new MemoryDevices(MemoryDisk.this, this);
    }

    public SharedMemories sharedMemories() {
      return new MemorySharedMemories(MemoryDisk.this, this);
    }

    /**
     * The process is gone: every operation of its directories, devices and files, running or to
     * come, throws {@link ProcessDiedError}. What was written stays.
     */
    public void die() {
      locked(() -> dead = true);
    }

    /** To ask only while the disk's lock is held. */
    boolean isDead() {
      return dead;
    }
  }

  /** A process that shares this machine with others. */
  public Mount mount(String process) {
    Mount mount = new Mount(process);
    locked(() -> mounts.add(mount));
    return mount;
  }

  /** Of the one process of this machine. */
  public Directory directory(String path) {
    return current().directory(path);
  }

  /** Of the one process of this machine. */
  public Devices devices() {
    return current().devices();
  }

  /** Of the one process of this machine. */
  public SharedMemories sharedMemories() {
    return current().sharedMemories();
  }

  /** The one process of this machine dies; {@link #directory} serves the next. */
  public void processDeath() {
    current().die();
  }

  /** All processes die, and what they had not made durable meets its fate. */
  public void powerLoss(RandomGenerator random) {
    locked(() -> {
      only.die();
      mounts.forEach(Mount::die);
      mounts.clear();
      root.losePower(random);
      shared.clear();
      boots++;
    });
  }

  /** All processes die, and nothing is left of what any of them wrote. */
  public void loss() {
    locked(() -> {
      only.die();
      mounts.forEach(Mount::die);
      mounts.clear();
      root = new MemoryFolder(nextInode());
      shared.clear();
      boots++;
    });
  }

  /** A block device at that path, all zero; there from the start. */
  public void addBlockDevice(String path, long sizeBytes) {
    locked(() -> {
      Path at = absolute(path);
      MemoryFolder parent = folders(at.getParent());
      parent.bind(at.getFileName().toString(), MemoryFile.blockDevice(nextInode(), sizeBytes));
      parent.sync();
    });
  }

  /** Runs before each operation, with its name and paths; may stop, kill or crash. */
  public void beforeEachOperation(Consumer<String> hook) {
    this.hook = hook;
  }

  /** Space for the bytes of files. Block devices take none, nor do open files without a name. */
  public void capacity(long bytes) {
    locked(() -> capacityBytes = bytes);
  }

  /** Whether sources can be frozen, as on xfs and btrfs. Not so at first, as on ext4. */
  public void canFreeze(boolean can) {
    locked(() -> reflinks = can);
  }

  /** Whether there is evidence of writes. So at first. */
  public void canStamp(boolean can) {
    locked(() -> stamps = can);
  }

  /** The next flush or sync of what was opened under that path fails (rule L3). */
  public void failNextFlush(String path) {
    locked(() -> faults.failNextFlush(path));
  }

  /** Reads that touch the range fail until {@link #healFaults}. */
  public void failReads(String path, long from, long to) {
    locked(() -> faults.failReads(path, from, to));
  }

  /** Writes and zeroes that touch the range fail until {@link #healFaults}. */
  public void failWrites(String path, long from, long to) {
    locked(() -> faults.failWrites(path, from, to));
  }

  /** No read, write or flush fails any more. Rotten bits stay. */
  public void healFaults() {
    locked(faults::clear);
  }

  /** Whether faults and the limit of space act. So at first; not so for who only looks. */
  public void faultsAct(boolean act) {
    locked(() -> faultsAct = act);
  }

  /** Flips one bit of a file or block device that is there. */
  public void rot(String path, long offset, int bit) {
    locked(() -> {
      Path at = absolute(path);
      if (folders(at.getParent()).get(at.getFileName().toString()) instanceof MemoryFile file)
        file.rot(offset, bit);
      else throw new IllegalArgumentException(path + " is a directory");
    });
  }

  // ---- for the twins

  /** What an operation does, with the lock held. */
  interface Action<T> {
    T run() throws IOException;
  }

  <T> T operate(Mount mount, String operation, Action<T> action) throws IOException {
    hook.accept(operation);
    lock.lock();
    try {
      if (mount.dead)
        throw new ProcessDiedError(mount.process + " is dead; it tried: " + operation);
      return action.run();
    } finally {
      lock.unlock();
    }
  }

  int alignmentBytes() {
    return alignmentBytes;
  }

  DiskFaults faults() {
    return faultsAct ? faults : DiskFaults.NONE;
  }

  boolean reflinks() {
    return reflinks;
  }

  boolean stamps() {
    return stamps;
  }

  long boots() {
    return boots;
  }

  long nextInode() {
    return ++inodes;
  }

  Map<String, MemoryShared.Pages> shared() {
    return shared;
  }

  MemoryFolder root() {
    return root;
  }

  long freeBytes() {
    return capacityBytes == Long.MAX_VALUE || !faultsAct
        ? Long.MAX_VALUE
        : Math.max(0, capacityBytes - root.usedBytes());
  }

  void requireSpace(String path) throws NoSpaceException {
    if (freeBytes() == 0)
      throw new NoSpaceException("cannot create " + path + ": No space left on device");
  }

  static Path absolute(String path) {
    Path at = Path.of(path);
    if (!at.isAbsolute())
      throw new IllegalArgumentException("'" + path + "' is not an absolute path");
    return at.normalize();
  }

  /** The mount of the one process, a new one where the last is dead. */
  private Mount current() {
    return locked(() -> {
      if (only.dead) only = new Mount("process " + ++lives);
      return only;
    });
  }

  /** The folder at a path; what is missing on the way is made, durably. */
  private MemoryFolder folders(Path path) {
    MemoryFolder folder = root;
    for (Path name : path) {
      folder = childOf(folder, name.toString());
    }
    return folder;
  }

  private MemoryFolder childOf(MemoryFolder folder, String name) {
    if (!folder.has(name)) {
      folder.bind(name, new MemoryFolder(nextInode()));
      folder.sync();
    }
    if (folder.get(name) instanceof MemoryFolder child) return child;
    throw new IllegalArgumentException(name + " is a file, not a directory");
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  private void locked(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }
}
