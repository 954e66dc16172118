package io.backstay.log;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Gate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/**
 * The thread that brings durable log to the data device, in the order of the log, so that of two
 * overlapping writes the newer one stays (rule L4). A discard zeroes its range, and never merely
 * discards it (rule L7).
 */
final class Applier implements Runnable {
  private static final Duration IDLE = Duration.ofSeconds(10);

  /**
   * How long durable log is gathered that nobody waits to see applied. A client alone that flushes
   * after each write has few processors for itself: this thread is not woken for each of them.
   */
  private static final Duration GATHER = Duration.ofMillis(2);

  /** Applied between two looks at the tail: how soon its memory is free again. */
  private static final int ENTRIES_MAX = 64;

  private static final long BYTES_MAX = 1 << 20;

  private final Tail tail;
  private final BlockDevice data;

  Applier(Tail tail, BlockDevice data) {
    this.tail = tail;
    this.data = data;
  }

  @Override
  public void run() {
    Gate work = tail.gates().apply();
    try {
      while (!tail.isStoppedAndApplied()) {
        List<Entry> next = tail.toApply(ENTRIES_MAX, BYTES_MAX);
        if (next.isEmpty()) {
          if (work.await(IDLE) && !tail.wantsApplying()) work.await(GATHER);
        } else {
          for (Entry entry : next) apply(tail.memory(), data, entry);
          if (tail.position().wantsCheckpoint()) beginWriting(next);
          tail.applied(next);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // Nothing is lost: what was not applied is still in the tail.
      tail.fail(e);
    }
  }

  /**
   * Clients write faster than the data device takes it. Now it sets their pace in small steps, by
   * the room in the tail. Else they would fill the log while a checkpoint runs, wait for its end,
   * and leave the next one as much to flush.
   */
  private void beginWriting(List<Entry> entries) throws IOException {
    for (Entry entry : entries) {
      if (entry.kind() == Entry.Kind.WRITE) data.beginWriting(entry.offset(), entry.lengthBytes());
    }
  }

  static void apply(TailMemory memory, BlockDevice data, Entry entry) throws IOException {
    switch (entry.kind()) {
      case WRITE -> write(memory, data, entry);
      case DISCARD -> data.zero(entry.offset(), entry.lengthBytes());
      case PADDING -> {}
    }
  }

  private static void write(TailMemory memory, BlockDevice data, Entry entry) throws IOException {
    try {
      memory.bytes(
          entry.lsid(),
          0,
          (int) entry.lengthBytes(),
          (from, part) -> write(data, entry.offset() + from, part));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void write(BlockDevice data, long offset, ByteBuffer bytes) {
    try {
      data.write(offset, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
