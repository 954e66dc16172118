package io.backstay.export;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import io.backstay.seam.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pages of points that were read lately, of all exports of a process together. A file system or
 * database asks for many small pieces of few pages; the archive reads, and proves by its checksum,
 * a page at a time.
 *
 * <p><b>At once or later.</b> What is here is copied on the event loop. For a page that is not, the
 * crew of its point is sent, once for all who wait for it, and copies to each of them when it
 * comes.
 *
 * <p><b>Ahead.</b> Whoever asks for a page behind one that is here reads on, as far as one can
 * tell, and so does whoever comes to a page that was read ahead: the next {@link #AHEAD} are
 * fetched, unless others wait for the crew.
 *
 * <p><b>Memory.</b> All frames are made before the first point is read, so that nobody finds out on
 * the way that there is no memory. When all are used the page goes that nobody asked for the
 * longest. A frame is taken only when a thread of a crew is about to fill it, so there are enough
 * as long as there are more frames than threads.
 */
final class PageCache {
  private static final Logger LOG = LoggerFactory.getLogger(PageCache.class);
  private static final int PAGE_BYTES = PointReader.PAGE_BYTES;

  /** 1 MiB. */
  static final int AHEAD = 16;

  private record Key(CachedPoint point, long number) {
    Key plus(long pages) {
      return new Key(point, number + pages);
    }
  }

  /** Where bytes of a page go when it comes. */
  private record Waiter(int from, ByteBuffer into, Answer answer) {}

  /** A page that somebody waits for, or that is fetched ahead while nobody does. */
  private record Coming(List<Waiter> waiters) {
    boolean isAhead() {
      return waiters.isEmpty();
    }
  }

  private static final class Page {
    final ByteBuffer bytes;
    boolean ahead;

    Page(ByteBuffer bytes, boolean ahead) {
      this.bytes = bytes;
      this.ahead = ahead;
    }
  }

  private final int frames;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, Coming> coming = new HashMap<>();

  /** The one that was asked for last at the end. */
  private final Map<Key, Page> pages = new LinkedHashMap<>(64, 0.75f, true);

  private final ArrayDeque<ByteBuffer> idleFrames = new ArrayDeque<>();
  private boolean reserved;

  PageCache(int frames) {
    this.frames = frames;
  }

  /** Takes the memory, unless it has it. */
  void reserve() {
    lock.lock();
    try {
      if (reserved) return;
      ByteBuffer all = BufferPool.aligned(frames * PAGE_BYTES);
      for (int i = 0; i < frames; i++) idleFrames.push(all.slice(i * PAGE_BYTES, PAGE_BYTES));
      reserved = true;
    } finally {
      lock.unlock();
    }
  }

  /** As {@link Export#read}. */
  int read(CachedPoint point, long offset, ByteBuffer into, Answer answer) {
    Gather gather = new Gather(answer);
    long end = offset + into.remaining();
    lock.lock();
    try {
      for (long at = offset; at < end; ) {
        int from = (int) (at % PAGE_BYTES);
        int length = (int) Math.min(PAGE_BYTES - from, end - at);
        ByteBuffer piece = into.slice(into.position() + (int) (at - offset), length);
        want(new Key(point, at / PAGE_BYTES), from, piece, gather);
        at += length;
      }
    } finally {
      lock.unlock();
    }
    return gather.result();
  }

  private void want(Key key, int from, ByteBuffer into, Gather gather) {
    Page page = pages.get(key);
    if (page != null) {
      into.put(0, page.bytes, from, into.remaining());
      if (page.ahead) fetchBehind(key);
      page.ahead = false;
      return;
    }
    Coming found = coming.get(key);
    boolean readsOn = found == null ? isHere(key.plus(-1)) : found.isAhead();
    if (found == null) found = fetch(key);
    found.waiters.add(new Waiter(from, into, gather.part()));
    if (readsOn) fetchBehind(key);
  }

  private boolean isHere(Key key) {
    return pages.containsKey(key) || coming.containsKey(key);
  }

  private Coming fetch(Key key) {
    Coming fetched = new Coming(new ArrayList<>(2));
    coming.put(key, fetched);
    key.point.crew().add(() -> fill(key, fetched));
    return fetched;
  }

  private void fetchBehind(Key key) {
    if (key.point.crew().isBusy()) return;
    for (int i = 1; i <= AHEAD; i++) {
      Key next = key.plus(i);
      if (next.number * PAGE_BYTES >= key.point.sizeBytes()) return;
      if (!isHere(next)) fetch(next);
    }
  }

  /** On a thread of the crew. */
  private void fill(Key key, Coming fetched) {
    ByteBuffer frame = frame();
    int error = read(key, frame);
    List<Waiter> waiters;
    lock.lock();
    try {
      coming.remove(key);
      waiters = fetched.waiters;
      if (error == Export.DONE) {
        for (Waiter waiter : waiters)
          waiter.into.put(0, frame, waiter.from, waiter.into.remaining());
        pages.put(key, new Page(frame, fetched.isAhead()));
      } else {
        idleFrames.push(frame);
      }
    } finally {
      lock.unlock();
    }
    for (Waiter waiter : waiters) waiter.answer.done(error);
  }

  private static int read(Key key, ByteBuffer frame) {
    long offset = key.number * PAGE_BYTES;
    frame.clear().limit((int) Math.min(PAGE_BYTES, key.point.sizeBytes() - offset));
    try {
      key.point.reader().read(offset, frame);
      return Export.DONE;
    } catch (IOException e) {
      LOG.error("export {}: a read at {} failed: {}", key.point.name(), offset, e.toString());
      return Errno.EIO;
    } catch (RuntimeException e) {
      LOG.error("export {}: a read at {} failed", key.point.name(), offset, e);
      return Errno.EIO;
    }
  }

  private ByteBuffer frame() {
    lock.lock();
    try {
      if (!idleFrames.isEmpty()) return idleFrames.pop();
      Iterator<Page> oldest = pages.values().iterator();
      ByteBuffer frame = oldest.next().bytes;
      oldest.remove();
      return frame;
    } finally {
      lock.unlock();
    }
  }

  /** Nobody reads that point any more. */
  void forget(CachedPoint point) {
    lock.lock();
    try {
      pages
          .entrySet()
          .removeIf(entry -> {
            if (entry.getKey().point != point) return false;
            idleFrames.push(entry.getValue().bytes);
            return true;
          });
    } finally {
      lock.unlock();
    }
  }
}
