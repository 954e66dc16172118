package io.backstay.nbd;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A volume that notes in which order it is asked for what, and answers writes and flushes when the
 * test says so: at once while it is open.
 */
final class GatedExport extends MemoryExport {
  private final ReentrantLock guard = new ReentrantLock();
  private final Condition changed = guard.newCondition();
  private final List<String> calls = new ArrayList<>();
  private final ArrayDeque<Answer> kept = new ArrayDeque<>();
  private boolean open = true;
  private int errno;
  private int keptMax;

  GatedExport() {
    super(Served.NAME, Served.SIZE_BYTES);
  }

  // ---- for the test

  void shut() {
    guard.lock();
    try {
      open = false;
    } finally {
      guard.unlock();
    }
  }

  /** Answers what is kept, and the rest at once. */
  void open() {
    guard.lock();
    try {
      open = true;
    } finally {
      guard.unlock();
    }
    while (keptNow() > 0) answerOne(0);
  }

  /** What changes the volume is answered with this from now on. */
  void fail(int with) {
    guard.lock();
    try {
      errno = with;
    } finally {
      guard.unlock();
    }
  }

  void answerOne(int error) {
    Answer answer;
    guard.lock();
    try {
      answer = kept.remove();
    } finally {
      guard.unlock();
    }
    answer.done(error);
  }

  /** Answers the one that came last. */
  Answer answerNewest() {
    Answer answer;
    guard.lock();
    try {
      answer = kept.removeLast();
    } finally {
      guard.unlock();
    }
    answer.done(0);
    return answer;
  }

  int keptNow() {
    guard.lock();
    try {
      return kept.size();
    } finally {
      guard.unlock();
    }
  }

  int keptMax() {
    guard.lock();
    try {
      return keptMax;
    } finally {
      guard.unlock();
    }
  }

  void awaitKept(int wanted) throws InterruptedException {
    guard.lockInterruptibly();
    try {
      while (kept.size() < wanted) changed.await();
    } finally {
      guard.unlock();
    }
  }

  List<String> calls() {
    guard.lock();
    try {
      return List.copyOf(calls);
    } finally {
      guard.unlock();
    }
  }

  // ---- for the server

  private int note(String call, Answer answer) {
    guard.lock();
    try {
      calls.add(call);
      if (open) return errno;
      kept.add(answer);
      keptMax = Math.max(keptMax, kept.size());
      changed.signalAll();
      return LATER;
    } finally {
      guard.unlock();
    }
  }

  private static String how(boolean durable) {
    return durable ? " durable" : "";
  }

  @Override
  public int read(long offset, ByteBuffer into, Answer answer) {
    guard.lock();
    try {
      calls.add("read " + offset + " " + into.remaining());
    } finally {
      guard.unlock();
    }
    return super.read(offset, into, answer);
  }

  @Override
  public int write(
      long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
    super.write(offset, data, lengthBytes, durable, answer);
    return note("write " + offset + " " + lengthBytes + how(durable), answer);
  }

  @Override
  public int flush(Answer answer) {
    return note("flush", answer);
  }

  @Override
  public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
    super.trim(offset, lengthBytes, durable, answer);
    return note("trim " + offset + " " + lengthBytes + how(durable), answer);
  }

  @Override
  public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
    super.extents(offset, lengthBytes, into, answer);
    return note("extents " + offset + " " + lengthBytes, answer);
  }

  @Override
  public int zeroes(
      long offset,
      long lengthBytes,
      boolean keepSpace,
      boolean onlyIfFast,
      boolean durable,
      Answer answer) {
    super.zeroes(offset, lengthBytes, keepSpace, onlyIfFast, durable, answer);
    String flags = (keepSpace ? " keep" : "") + (onlyIfFast ? " fast" : "");
    return note("zeroes " + offset + " " + lengthBytes + flags + how(durable), answer);
  }
}
