package io.backstay.bench;

import io.backstay.device.LinuxDevices;
import io.backstay.model.Cut;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Payload;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import io.backstay.wlog.WlogHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;

/**
 * A storage as a proxy sees it, whose log is a file that is there already: it sends as fast as the
 * proxy takes it, with direct IO, in intervals as large and as many at a time as a storage does.
 */
final class LogFeed {
  private static final int INTERVAL_BYTES = 32 << 20;
  private static final int STRETCH_BYTES = 4 << 20;
  private static final int IN_FLIGHT = 4;

  private final Path file;
  private final Time time;
  private final WlogHeader header;
  private final Session session;
  private final List<Interval> intervals;

  /** Whole packs. */
  private record Stretch(long lsid, int bytes) {}

  private record Interval(Cut begin, Cut end, List<Stretch> stretches) {}

  private LogFeed(Path file, Time time, WlogHeader header, List<Long> packs) {
    this.file = file;
    this.time = time;
    this.header = header;
    this.session = new Session(1, header.uuid(), Optional.of(0L), header.beginLsid());
    this.intervals = intervals(packs, header.blockBytes());
  }

  /** Reads the header of each pack. */
  static LogFeed of(Path wlog, Time time) throws IOException, BenchException {
    try (FileChannel in = FileChannel.open(wlog)) {
      ByteBuffer first = ByteBuffer.allocate(WlogHeader.SIZE_BYTES);
      in.read(first, 0);
      WlogHeader header = WlogHeader.read(first.flip());
      return new LogFeed(wlog, time, header, borders(in, header));
    }
  }

  /** The lsid of each pack, and in the end that of none. */
  private static List<Long> borders(FileChannel in, WlogHeader header)
      throws IOException, BenchException {
    PackReader packs =
        new PackReader(header.blockBytes(), header.salt(), PackReader.Paddings.FILLED);
    ByteBuffer block = ByteBuffer.allocate(header.blockBytes());
    List<Long> lsids = new ArrayList<>(List.of(header.beginLsid()));
    while (true) {
      long lsid = lsids.getLast();
      in.read(block.clear(), at(header, lsid));
      switch (packs.read(block.flip(), lsid)) {
        case PackReading.Pack(PackHeader pack) -> lsids.add(pack.nextLsid());
        case PackReading.End() -> {
          return lsids;
        }
        case PackReading.Invalid(String found) ->
            throw new BenchException("a pack at lsid %d: %s".formatted(lsid, found));
      }
    }
  }

  private static long at(WlogHeader header, long lsid) {
    return WlogHeader.SIZE_BYTES + (lsid - header.beginLsid()) * header.blockBytes();
  }

  private static List<Interval> intervals(List<Long> packs, int blockBytes) {
    List<Interval> intervals = new ArrayList<>();
    List<Stretch> stretches = new ArrayList<>();
    Cut begin = cut(0, packs.getFirst());
    long from = packs.getFirst();
    for (int i = 1; i < packs.size(); i++) {
      long end = packs.get(i);
      long next = i + 1 < packs.size() ? packs.get(i + 1) : Long.MAX_VALUE / blockBytes;
      boolean cut = (end - begin.lsid()) * blockBytes >= INTERVAL_BYTES || i + 1 == packs.size();
      if (cut || (next - from) * blockBytes > STRETCH_BYTES) {
        stretches.add(new Stretch(from, (int) (end - from) * blockBytes));
        from = end;
      }
      if (!cut) continue;
      Cut ending = cut(begin.gid() + 1, end);
      intervals.add(new Interval(begin, ending, List.copyOf(stretches)));
      stretches.clear();
      begin = ending;
    }
    return intervals;
  }

  private static Cut cut(long gid, long lsid) {
    Instant time = Instant.EPOCH.plusSeconds(gid);
    return new Cut(1, lsid, gid, time, Optional.empty(), false, Optional.empty());
  }

  /**
   * Sends all of it on a new connection.
   *
   * @return seconds from the first interval to the answer that the last one is durable at the proxy
   */
  double send(Channel channel, Signed record)
      throws BenchException, IOException, InterruptedException {
    int blockBytes = header.blockBytes();
    channel.send(Frame.of(new Message.OpenWlog(record, session, header.salt(), blockBytes)));
    Message ready = channel.receive().message();
    if (!(ready instanceof Message.WlogReady))
      throw new BenchException("the proxy does not take the log: " + ready);
    Semaphore room = new Semaphore(IN_FLIGHT);
    CompletableFuture<Long> stored = new CompletableFuture<>();
    long begun = time.nanos();
    Thread answers = time.fork("answers", () -> await(channel, room, stored));
    try (BlockDevice log = new LinuxDevices(time).openReadOnly(file.toString())) {
      BufferPool buffers = new BufferPool(2, STRETCH_BYTES);
      for (Interval interval : intervals) {
        room.acquire();
        if (stored.isDone()) break; // it failed
        channel.send(Frame.of(new Message.WlogInterval(interval.begin(), interval.end())));
        for (Stretch stretch : interval.stretches()) send(channel, log, stretch, buffers.take());
      }
      answers.join();
      return (stored.get() - begun) / 1e9;
    } catch (ExecutionException e) {
      throw new BenchException("the proxy did not take the log: " + e.getCause().getMessage());
    }
  }

  private void send(Channel channel, BlockDevice log, Stretch stretch, BufferPool.Lease lease)
      throws IOException, InterruptedException {
    ByteBuffer packs = lease.buffer().limit(stretch.bytes());
    log.read(at(header, stretch.lsid()), packs);
    Payload payload = Payload.of(packs.flip(), lease::close);
    channel.send(new Frame(new Message.WlogPacks(stretch.lsid()), payload));
  }

  private void await(Channel channel, Semaphore room, CompletableFuture<Long> stored) {
    try {
      for (long gid = 0; gid < intervals.getLast().end().gid(); ) {
        switch (channel.receive().message()) {
          case Message.WlogStored done -> {
            gid = done.gid();
            room.release();
          }
          case Message.WlogArchived none -> {}
          case Message other -> throw new IOException("it answered " + other);
        }
      }
      stored.complete(time.nanos());
    } catch (IOException | InterruptedException e) {
      stored.completeExceptionally(e);
      room.release();
    }
  }
}
