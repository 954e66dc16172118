package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What nobody would send: the export sees only requests that it can do, nothing leaks, and other
 * connections go on.
 */
@Timeout(300)
class NbdFuzzTest {
  private static final int SEEDS = 3000;
  private static final int SOCKET_SEEDS = 300;

  @TempDir Path directory;

  /** Fails on any request that is not well-formed; knows what the volume is after the others. */
  private static final class StrictExport extends MemoryExport {
    private final AtomicInteger calls = new AtomicInteger();
    private final Map<String, Integer> kinds = new ConcurrentHashMap<>();
    private final byte[] model = new byte[Served.SIZE_BYTES];
    private volatile String wrong = "";

    StrictExport() {
      super(Served.NAME, Served.SIZE_BYTES);
    }

    private void check(String what, long offset, long lengthBytes) {
      calls.incrementAndGet();
      kinds.merge(what, 1, Integer::sum);
      boolean good =
          offset >= 0
              && lengthBytes > 0
              && offset + lengthBytes <= sizeBytes()
              && offset % 512 == 0
              && lengthBytes % 512 == 0;
      if (!good) wrong = what + " " + offset + " " + lengthBytes;
    }

    @Override
    public int read(long offset, ByteBuffer into, Answer answer) {
      check("read", offset, into.remaining());
      return super.read(offset, into, answer);
    }

    @Override
    public int write(
        long offset, List<ByteBuffer> data, int lengthBytes, boolean durable, Answer answer) {
      check("write", offset, lengthBytes);
      int there = data.stream().mapToInt(ByteBuffer::remaining).sum();
      if (there != lengthBytes) wrong = "write of " + lengthBytes + " with " + there;
      int at = (int) offset;
      for (ByteBuffer part : data) {
        part.duplicate().get(model, at, part.remaining());
        at += part.remaining();
      }
      return super.write(offset, data, lengthBytes, durable, answer);
    }

    @Override
    public int trim(long offset, long lengthBytes, boolean durable, Answer answer) {
      check("trim", offset, lengthBytes);
      Arrays.fill(model, (int) offset, (int) (offset + lengthBytes), (byte) 0);
      return super.trim(offset, lengthBytes, durable, answer);
    }

    @Override
    public int zeroes(
        long offset,
        long lengthBytes,
        boolean keepSpace,
        boolean onlyIfFast,
        boolean durable,
        Answer answer) {
      check("zeroes", offset, lengthBytes);
      int result = super.zeroes(offset, lengthBytes, keepSpace, onlyIfFast, durable, answer);
      if (result == DONE) Arrays.fill(model, (int) offset, (int) (offset + lengthBytes), (byte) 0);
      return result;
    }

    @Override
    public int flush(Answer answer) {
      kinds.merge("flush", 1, Integer::sum);
      return super.flush(answer);
    }

    @Override
    public int extents(long offset, long lengthBytes, Extents into, Answer answer) {
      check("extents", offset, lengthBytes);
      return super.extents(offset, lengthBytes, into, answer);
    }
  }

  // ---- what is sent

  /** A conversation that makes sense up to a point, with damage. */
  private static byte[] conversation(Random random) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 18);
    bytes.putInt(random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(4));
    for (int i = random.nextInt(6); i > 0; i--) option(bytes, random);
    if (random.nextBoolean()) {
      bytes.put(NbdSocket.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]).flip());
      byte[] context = RawClient.query(Served.NAME, Protocol.BASE_ALLOCATION);
      bytes.put(NbdSocket.option(Protocol.OPT_SET_META_CONTEXT, context).flip());
    }
    if (random.nextInt(8) > 0) {
      bytes.put(NbdSocket.option(Protocol.OPT_GO, RawClient.wish(Served.NAME)).flip());
      for (int i = random.nextInt(60); i > 0 && bytes.remaining() > 40_000; i--) {
        request(bytes, random);
      }
    }
    byte[] sent = new byte[bytes.flip().remaining()];
    bytes.get(sent);
    for (int i = random.nextInt(6) - 3; i > 0 && sent.length > 0; i--) {
      sent[random.nextInt(sent.length)] = (byte) random.nextInt();
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(sent, random.nextInt(sent.length + 1)) : sent;
  }

  /** Those that end the negotiation are as rare as one that nobody knows. */
  private static final List<Integer> OPTIONS =
      List.of(1, 2, 3, 3, 4, 5, 5, 6, 6, 6, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10, 11);

  private static void option(ByteBuffer bytes, Random random) {
    byte[] content =
        switch (random.nextInt(6)) {
          case 0 -> new byte[0];
          case 1 -> RawClient.wish(Served.NAME, random.nextInt(5));
          case 2 -> RawClient.query(Served.NAME, "base:", Protocol.BASE_ALLOCATION);
          case 3 -> RawClient.wish("x".repeat(random.nextInt(300)));
          default -> randomBytes(random, random.nextInt(200));
        };
    int option =
        random.nextInt(10) == 0 ? random.nextInt() : OPTIONS.get(random.nextInt(OPTIONS.size()));
    ByteBuffer whole = NbdSocket.option(option, content).flip();
    if (random.nextInt(20) == 0) whole.putInt(12, random.nextInt());
    bytes.put(whole);
  }

  private static void request(ByteBuffer bytes, Random random) {
    int command = random.nextInt(15) == 0 ? random.nextInt(1 << 16) : random.nextInt(9);
    if (command == Protocol.DISCONNECT && random.nextInt(5) > 0) command = Protocol.WRITE;
    int flags = random.nextInt(3) > 0 ? 0 : random.nextInt(random.nextBoolean() ? 64 : 1 << 16);
    long offset =
        switch (random.nextInt(6)) {
          case 0 -> random.nextLong();
          case 1 -> Served.SIZE_BYTES - 512L * random.nextInt(4);
          case 2 -> random.nextInt(Served.SIZE_BYTES);
          default -> 512L * random.nextInt(Served.SIZE_BYTES / 512);
        };
    long length =
        switch (random.nextInt(8)) {
          case 0 -> random.nextInt(4) > 0 ? 1024 : random.nextInt() & 0xffffffffL;
          case 1 -> random.nextInt(5000);
          case 2 -> 0;
          default -> 512L * (1 + random.nextInt(40));
        };
    if (command == Protocol.FLUSH && random.nextInt(4) > 0) offset = length = 0;
    bytes.put(RawClient.requestBytes(command, flags, random.nextLong(), offset, length).flip());
    if (command == Protocol.WRITE && length < 30_000) {
      bytes.put(randomBytes(random, (int) length));
    }
  }

  private static byte[] randomBytes(Random random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  // ---- who gets it

  private final PooledByteBufAllocator allocator =
      new PooledByteBufAllocator(true, 1, 1, 8192, 8, 0, 0, false);

  private long buffersTaken() {
    return Stream.concat(
            allocator.metric().directArenas().stream(), allocator.metric().heapArenas().stream())
        .mapToLong(PoolArenaMetric::numActiveAllocations)
        .sum();
  }

  @Test
  void theExportSeesOnlyWhatItCanDoWhateverIsSent() {
    StrictExport export = new StrictExport();
    for (int seed = 0; seed < SEEDS; seed++) {
      InFlight inFlight = new InFlight(1 << 20);
      EmbeddedChannel channel = embedded(export, inFlight);
      Random random = new Random(seed);
      byte[] sent = conversation(random);
      int at = 0;
      while (at < sent.length && channel.isOpen()) {
        int piece =
            Math.min(sent.length - at, 1 + random.nextInt(random.nextBoolean() ? 40 : 9000));
        channel.writeInbound(Unpooled.copiedBuffer(sent, at, piece));
        channel.runPendingTasks();
        at += piece;
      }
      channel.close();
      channel.runPendingTasks();
      channel.checkException();
      for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
        out.release();
      }
      assertThat(export.wrong).as("seed " + seed).isEmpty();
      assertThat(inFlight.bytes()).as("seed " + seed).isZero();
      assertThat(buffersTaken()).as("buffers after seed " + seed).isZero();
    }
    assertThat(export.calls).hasValueGreaterThan(SEEDS);
    for (String kind : List.of("read", "write", "trim", "zeroes", "extents", "flush"))
      assertThat(export.kinds.getOrDefault(kind, 0)).as(kind).isGreaterThan(SEEDS / 20);
    assertUndamaged(export);
  }

  /** It holds what the well-formed requests made of it, in their order. */
  private static void assertUndamaged(StrictExport export) {
    ByteBuffer all = ByteBuffer.allocate(Served.SIZE_BYTES);
    assertThat(export.read(0, all, _ -> {})).isZero();
    assertThat(Arrays.mismatch(all.array(), export.model)).isEqualTo(-1);
  }

  private EmbeddedChannel embedded(Export export, InFlight inFlight) {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.config().setAllocator(allocator);
    ReadMemory reads = new ReadMemory(channel.alloc());
    ReplyMemory replies = new ReplyMemory(channel.alloc());
    channel
        .closeFuture()
        .addListener(closed -> {
          reads.close();
          replies.close();
        });
    Exports exports = new Exports();
    exports.add(
        new ServedExport(
            export,
            WriteCache.DURABLE,
            new Loop(channel.eventLoop(), reads, replies),
            new ExportMeters(export.name(), new SimpleMeterRegistry(), Time.system())));
    Entrance entrance = new Entrance("nowhere", exports, any -> true, Optional.empty(), false);
    Client client = new Client("a fuzzer", true, Optional.empty());
    channel
        .pipeline()
        .addLast(
            new Negotiation(
                entrance, client, NbdLimits.DEFAULT, inFlight, new SocketReads(), Time.system()));
    return channel;
  }

  @Test
  void othersGoOnWhateverIsSent() throws IOException {
    StrictExport export = new StrictExport();
    try (Served served = new Served(directory, export);
        RawClient other = RawClient.usingAll(Served.NAME, served.unixAddress())) {
      for (int seed = 0; seed < SOCKET_SEEDS; seed++) {
        byte[] sent = conversation(new Random(seed));
        try (RawClient client = RawClient.connect(served.tcpAddress())) {
          client.read(18);
          client.send(ByteBuffer.wrap(sent).position(sent.length));
        } catch (IOException closedByTheServer) {
          assertThat(closedByTheServer.getMessage()).as("seed " + seed).isNotEmpty();
        }
        assertThat(other.read(512L * (seed % 100), 512)).as("seed " + seed).hasSize(512);
        assertThat(export.wrong).as("seed " + seed).isEmpty();
      }
      assertThat(served.server.bytesInFlight()).isZero();
    }
    assertUndamaged(export);
  }
}
