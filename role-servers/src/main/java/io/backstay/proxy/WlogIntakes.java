package io.backstay.proxy;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.seam.BufferPool;
import io.backstay.server.Authorisation;
import io.backstay.server.RoleParts;
import io.backstay.wire.Channel;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Logs of volumes on their way in, at most one for each volume: a second transfer ends the first
 * one and begins when that is over.
 */
final class WlogIntakes {
  /** Intervals that are received at a time, by all volumes together. */
  private static final int RECEIVED_MAX = 2;

  private final RoleParts parts;
  private final ProxyVolumes volumes;
  private final BufferPool received;
  private final BufferPool converted;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private final Map<String, Channel> active = new HashMap<>();

  WlogIntakes(RoleParts parts, ProxyVolumes volumes, int intervalBytesMax) {
    this.parts = parts;
    this.volumes = volumes;
    this.received = parts.buffers(RECEIVED_MAX, intervalBytesMax);
    int compressors = parts.config().transfers().compressors();
    this.converted = parts.buffers(1, ConversionMemory.bytes(compressors));
  }

  /** The whole conversation, from {@code OpenWlog} on; it ends when the storage ends it. */
  void take(Channel channel, Message.OpenWlog open)
      throws RefusedException, IOException, InterruptedException {
    ProtectionRecord theirs = parts.records().check(open.record());
    authorise(channel.peer(), theirs);
    if (open.blockBytes() != Interval.BLOCK_BYTES)
      throw new RefusedException(
          RefusalCode.UNSUPPORTED, "a log with blocks of %d bytes".formatted(open.blockBytes()));
    Optional<Signed> newer = volumes.exchange(theirs, open.record());
    String volume = theirs.volume();
    begin(volume, channel);
    try {
      take(channel, open, volumes.open(volume), newer);
    } finally {
      end(volume);
    }
  }

  private void take(
      Channel channel, Message.OpenWlog open, OpenVolume volume, Optional<Signed> newer)
      throws IOException, InterruptedException {
    volume.taking(Optional.of(open.session().number()));
    try {
      new WlogIntake(parts, volume, open, received, converted, channel).run(newer);
    } finally {
      volume.taking(Optional.empty());
    }
  }

  /** A storage hands on the log of its own volumes only (rule K5). */
  private void authorise(Peer peer, ProtectionRecord record) throws RefusedException {
    Authorisation.require(peer, "send the log of " + record.volume(), Role.STORAGE);
    boolean mine =
        record.shipping().isPresent()
            && record.shipping().get().proxies().contains(parts.config().name());
    if (record.storage().equals(peer.name()) && mine) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.NOT_AUTHORISED, "this storage may not send this log here")
            .attempted(
                "send the log of %s from %s to %s"
                    .formatted(record.volume(), peer.name(), parts.config().name()))
            .found(
                "the record names storage %s and %s"
                    .formatted(record.storage(), record.shipping())));
  }

  private void begin(String volume, Channel channel) throws InterruptedException {
    lock.lock();
    try {
      while (active.containsKey(volume)) {
        active.get(volume).close();
        ended.await();
      }
      active.put(volume, channel);
    } finally {
      lock.unlock();
    }
  }

  private void end(String volume) {
    lock.lock();
    try {
      active.remove(volume);
      ended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the transfer of the volume, if there is one, and returns when it has ended. */
  void displace(String volume) throws InterruptedException {
    lock.lock();
    try {
      while (active.containsKey(volume)) {
        active.get(volume).close();
        ended.await();
      }
    } finally {
      lock.unlock();
    }
  }
}
