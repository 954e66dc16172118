package io.backstay.image;

import io.backstay.model.Bytes;
import io.backstay.wire.Message;
import java.util.Arrays;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What the receiver of an image says that it has of an earlier pass, range by range (rule X5). */
final class ReceiverHashes {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition heard = lock.newCondition();
  private final TreeMap<Long, Bytes> hashes = new TreeMap<>();
  private boolean over;

  void heard(Message.ImageHashes message) {
    byte[] all = message.hashes().toArray();
    lock.lock();
    try {
      for (int at = 0; at + Message.ImageChunk.HASH_BYTES <= all.length; ) {
        long range = message.offset() / Message.ImageChunk.RANGE_BYTES;
        long index = range + at / Message.ImageChunk.HASH_BYTES;
        int end = at + Message.ImageChunk.HASH_BYTES;
        hashes.put(
            index * Message.ImageChunk.RANGE_BYTES, Bytes.of(Arrays.copyOfRange(all, at, end)));
        at = end;
      }
      heard.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more is heard. */
  void end() {
    lock.lock();
    try {
      over = true;
      heard.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Of the range at that offset, asked in address order; empty where nothing more is heard. */
  Optional<Bytes> take(long offset) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!over && !hashes.containsKey(offset)) heard.await();
      hashes.headMap(offset).clear();
      return Optional.ofNullable(hashes.remove(offset));
    } finally {
      lock.unlock();
    }
  }
}
