package io.backstay.archive;

import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who reads which image just now, in this process. A hold keeps a point durably; this is for what
 * must be known of readers at once: that an apply rewrites the image under them, and that one which
 * holds nothing is about to read.
 */
final class OpenImages {
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Use> uses = new ArrayList<>();

  /** One reader of an image, of the point {@code gid}. */
  final class Use implements Closeable {
    private final String volume;
    private final long serial;
    private final long gid;
    private volatile boolean rewritten;

    private Use(String volume, long serial, long gid) {
      this.volume = volume;
      this.serial = serial;
      this.gid = gid;
    }

    /** Whether the image is being rewritten, or was since the reader came. */
    boolean isRewritten() {
      return rewritten;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        uses.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }

  Use use(String volume, ArchiveVolume.Image image, long gid) {
    Use use = new Use(volume, image.serial(), gid);
    use.rewritten = image.applying().isPresent();
    lock.lock();
    try {
      uses.add(use);
    } finally {
      lock.unlock();
    }
    return use;
  }

  /** To be called before the first byte of an apply is written. */
  void rewriting(String volume, long serial) {
    lock.lock();
    try {
      for (Use use : uses)
        if (use.volume.equals(volume) && use.serial == serial) use.rewritten = true;
    } finally {
      lock.unlock();
    }
  }

  /** The oldest point of the volume that somebody reads. */
  Optional<Long> oldestRead(String volume) {
    lock.lock();
    try {
      return uses.stream()
          .filter(use -> use.volume.equals(volume))
          .map(use -> use.gid)
          .min(Long::compare);
    } finally {
      lock.unlock();
    }
  }
}
