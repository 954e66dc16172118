package io.backstay.export;

import io.backstay.nbd.Errno;
import io.backstay.nbd.Export;
import io.backstay.nbd.Export.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One flush after the other, each for all who asked before it began. */
final class Flushes {
  private static final Logger LOG = LoggerFactory.getLogger(Flushes.class);

  private final String export;
  private final WriteLayer layer;
  private final Crew flusher;
  private final ReentrantLock lock = new ReentrantLock();
  private List<Answer> waiting = new ArrayList<>();

  /**
   * @param flusher of one thread
   */
  Flushes(String export, WriteLayer layer, Crew flusher) {
    this.export = export;
    this.layer = layer;
    this.flusher = flusher;
  }

  /** Answers when everything that was written before this call is durable. */
  void add(Answer answer) {
    lock.lock();
    try {
      waiting.add(answer);
      if (waiting.size() > 1) return;
    } finally {
      lock.unlock();
    }
    flusher.add(this::flush);
  }

  private void flush() {
    List<Answer> now = takeWaiting();
    int error = Export.DONE;
    try {
      layer.flush();
    } catch (IOException | RuntimeException e) {
      LOG.error("export {}: a flush failed", export, e);
      error = Errno.EIO;
    }
    for (Answer answer : now) answer.done(error);
  }

  private List<Answer> takeWaiting() {
    lock.lock();
    try {
      List<Answer> now = waiting;
      waiting = new ArrayList<>();
      return now;
    } finally {
      lock.unlock();
    }
  }
}
