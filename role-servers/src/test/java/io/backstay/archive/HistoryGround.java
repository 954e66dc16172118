package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.history.WrittenHistory;
import io.backstay.image.LiveSource;
import io.backstay.image.Range;
import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.Grant;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.Time;
import io.backstay.server.RoleParts;
import io.backstay.server.ServerConfig;
import io.backstay.target.Targets;
import io.backstay.twin.MemoryDisk;
import io.backstay.volume.Ledger;
import io.backstay.volume.LedgerEntry;
import io.backstay.volume.Operations;
import io.backstay.volume.VolumeStore;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An archive of one logged volume on an in-memory disk, without a network: images and diffs are put
 * in, operations are started, and the process may die and come back.
 */
final class HistoryGround {
  static final String VOLUME = "vol0";
  private static final int MIB = 1 << 20;

  final MemoryDisk disk = new MemoryDisk();
  VolumeStore<ArchiveVolume> store;
  VolumeHistories histories;
  PointImages points;
  private Operations<ArchiveVolume> operations;
  private RoleParts parts;
  private int nonces;
  private volatile boolean dead;

  void start() throws IOException {
    open();
    resume();
  }

  /** What was running goes on. */
  void resume() throws IOException {
    operations.resume();
  }

  /** Finds what is there; what was running does not go on yet. */
  void open() throws IOException {
    parts =
        new RoleParts(
            config(),
            disk.directory("/state"),
            disk.devices(),
            Time.system(),
            (server, at) -> {
              throw new IOException("nobody is dialled");
            },
            new Alone(),
            signed -> {
              throw new IllegalStateException("no record comes");
            },
            (signed, command, volume, target, inputHash) ->
                new Grant(
                    "g",
                    command,
                    volume,
                    target,
                    inputHash,
                    Time.system().now().plus(Duration.ofHours(1)),
                    "nonce-" + nonces++),
            new BufferPool(16, MIB));
    store = new VolumeStore<>(parts.directory(), ArchiveVolume.class, ArchiveVolume::unknown);
    store.load();
    histories = new VolumeHistories(store, parts.time());
    points = new PointImages(store, histories);
    Targets targets =
        new Targets(parts.directory(), parts.devices(), parts.time(), List.of(), parts.grants());
    ArchiveOperations role =
        new ArchiveOperations(
            parts, store, new Intakes(parts, store, histories), targets, histories, points);
    operations = new Operations<>("a0", parts.time(), store, role);
    histories.start();
  }

  /** Nobody else is there. */
  private static final class Alone implements Servers {
    @Override
    public Reply call(String server, Command command) throws IOException {
      throw new IOException("nobody is called");
    }

    @Override
    public CatalogView catalog() throws IOException {
      throw new IOException("there is no catalog");
    }
  }

  /** The process dies, or its machine loses power, before the n-th disk operation from now. */
  AtomicLong crashAt(long at, Optional<Random> powerLoss) {
    AtomicLong operations = new AtomicLong();
    dead = false;
    disk.beforeEachOperation(operation -> {
      synchronized (this) {
        if (operations.incrementAndGet() != at) return;
        powerLoss.ifPresentOrElse(disk::powerLoss, disk::processDeath);
        dead = true;
      }
    });
    return operations;
  }

  /** Nothing happens from now on; answers whether it did. */
  synchronized boolean calm() {
    disk.beforeEachOperation(operation -> {});
    return dead;
  }

  /** The next process; nothing happens to that one. */
  void openAgain() throws IOException {
    calm();
    disk.processDeath();
    stopDead();
    dead = false;
    open();
  }

  /** The metadata is gone; what can be made of the files takes its place. */
  void rebuild() throws IOException {
    ArchiveVolume lost = store.get(VOLUME);
    disk.directory("/state/volumes/" + VOLUME).delete("metadata");
    Rebuild.Found found =
        Rebuild.of(
            disk.directory("/state/volumes/" + VOLUME), signed(), lost.record().orElseThrow());
    openAgain();
    store.update(VOLUME, before -> found.metadata());
  }

  /** Its threads would keep all of its disk in memory. */
  private void stopDead() {
    try {
      stop();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ServerConfig config() {
    return new ServerConfig(
        "g",
        "a0",
        Role.ARCHIVE,
        "n1",
        "a0:1",
        Optional.empty(),
        "",
        "/state",
        "",
        "",
        "",
        List.of("/restore"),
        Optional.empty(),
        new ServerConfig.Transfers(16, MIB, 5, 2),
        Optional.empty());
  }

  void add(long sizeBytes) throws IOException {
    store.update(
        VOLUME,
        before ->
            before.record().isPresent()
                ? before
                : before.ready(
                    signed(),
                    new ProtectionRecord(
                        1,
                        VOLUME,
                        VolumeKind.PLAIN,
                        sizeBytes,
                        "/dev/source",
                        "s0",
                        List.of("a0"),
                        "a0")));
  }

  private static Signed signed() {
    return new Signed(Bytes.of(new byte[0]), Bytes.of(new byte[0]), Bytes.of(new byte[0]));
  }

  /**
   * Puts an image in that was read while the volume went from one cut to the other: each sector is
   * as it was at some cut between them.
   */
  void takeImage(WrittenHistory history, long begin, long end, Random random) throws IOException {
    byte[] content = history.at(begin).clone();
    for (int at = 0; at < content.length; at += 512) {
      long gid = begin + random.nextLong(end - begin + 1);
      System.arraycopy(history.at(gid), at, content, at, 512);
    }
    Message.LogOrigin origin = new Message.LogOrigin(history.session(), history.cut(begin));
    long serial = store.get(VOLUME).nextSerial();
    PartialImage partial =
        PartialImage.begin(
            serial,
            new Message.OpenImage(
                "backup-" + serial,
                VOLUME,
                1,
                content.length,
                ChangeStamp.UNKNOWN,
                Optional.of(origin)),
            parts.time().now());
    ImageFiles.create(store.directory(VOLUME), serial, content.length).close();
    store.update(VOLUME, before -> before.expecting(history.session()).begin(partial));
    long stored = write(content, partial);
    commit(history, serial, begin, end, content.length, stored);
  }

  private long write(byte[] content, PartialImage partial) throws IOException {
    try (ImageFiles files =
            ImageFiles.open(store.directory(VOLUME), partial.serial(), content.length);
        BlockDevice device = disk.devices().create("/source-" + partial.serial(), content.length)) {
      ByteBuffer bytes = BufferPool.aligned(content.length);
      device.write(0, bytes.put(content).flip());
      LiveSource source = new LiveSource(device, content.length);
      ImageSink sink = new ImageSink(files, partial, (upTo, stored) -> {});
      for (long at = 0; at < content.length; at += MIB) {
        switch (source.read(at, parts.pool().take())) {
          case Range.Chunk(Message.ImageChunk chunk, var payload) -> {
            sink.write(chunk, payload.checksums(), payload.bytes());
            payload.close();
          }
          case Range.Zeroes zeroes -> sink.zero(zeroes.offset(), zeroes.lengthBytes());
          case Range.Kept kept -> throw new IllegalStateException();
        }
      }
      sink.makeDurable(content.length);
      return sink.storedBytes();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void commit(
      WrittenHistory history, long serial, long begin, long end, long bytes, long stored)
      throws IOException {
    Cut last = history.cut(end);
    store.update(
        VOLUME,
        before ->
            before.commit(
                new Image(
                    serial,
                    "backup-" + serial,
                    new Point(
                        end,
                        last.time(),
                        Optional.empty(),
                        begin == end,
                        bytes,
                        stored,
                        Point.Proof.FROZEN),
                    Optional.of(new Generations(history.session(), history.cut(begin), last)))));
  }

  /** What a proxy brings; whether it is wanted is asked first. */
  void send(WrittenHistory.Sent sent) throws IOException {
    boolean wanted = histories.judge(VOLUME, sent.sidecar()) == Message.WdiffVerdict.Verdict.ACCEPT;
    if (wanted) WrittenHistory.store(histories.of(VOLUME), sent);
  }

  OperationReport run(String operation, Work work) throws Exception {
    begin(operation, work);
    return await(operation);
  }

  void begin(String operation, Work work) throws Exception {
    operations.answer(new Command.Start(operation, VOLUME, 1, work));
  }

  /** As after a crash right behind its admission: it goes on with {@link #resume}. */
  void admitted(String operation, Work work) throws IOException {
    Instant now = parts.time().now();
    LedgerEntry entry =
        new LedgerEntry(
            operation,
            work,
            1,
            OperationReport.State.RUNNING,
            LedgerEntry.Progress.NONE,
            now,
            now,
            Optional.empty(),
            Optional.empty());
    store.update(
        VOLUME, before -> before.with(new Ledger(1, List.of(entry), List.of(), List.of())));
  }

  /** The report when it waits for something. */
  OperationReport awaitWaiting(String operation) throws Exception {
    while (true) {
      Reply reply = operations.answer(new Command.Watch(operation, VOLUME));
      OperationReport report = ((Reply.Operation) reply).report();
      if (!report.running() || report.waiting().isPresent()) return report;
      Thread.onSpinWait();
    }
  }

  /** The report when it is over, or the last one before the process died. */
  OperationReport await(String operation) throws Exception {
    while (true) {
      Reply reply = operations.answer(new Command.Watch(operation, VOLUME));
      OperationReport report = ((Reply.Operation) reply).report();
      if (!report.running() || dead) return report;
      Thread.onSpinWait();
    }
  }

  static Work apply(long gid) {
    return new Work.Apply(gid, "hash", Optional.of(signed()));
  }

  static Work merge(long from, long to) {
    return new Work.Merge(from, to, "hash", Optional.of(signed()));
  }

  static Work delete(long gid) {
    return new Work.DeletePoint(gid, "hash", Optional.of(signed()));
  }

  List<Long> gids() throws IOException {
    return points.of(VOLUME).points().stream().map(Point::gid).toList();
  }

  /** The whole image of a point. */
  byte[] image(long gid) throws IOException, RefusedException {
    try (PointImage image = points.open(VOLUME, gid)) {
      return read(image);
    }
  }

  byte[] read(PointImage image) throws IOException {
    byte[] content = new byte[(int) image.sizeBytes()];
    for (long at = image.nextData(0); at < content.length; at = image.nextData(at + MIB)) {
      try {
        if (image.read(at, parts.pool().take())
            instanceof Range.Chunk(Message.ImageChunk chunk, var payload)) {
          put(content, chunk, payload.bytes());
          payload.close();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      if (at + MIB >= content.length) break;
    }
    return content;
  }

  private static void put(byte[] content, Message.ImageChunk chunk, ByteBuffer data) {
    int blockBytes = io.backstay.wire.Payload.BLOCK_BYTES;
    for (int from = 0; from < chunk.lengthBytes(); from += blockBytes) {
      if ((chunk.dataBlocks() >>> from / blockBytes & 1) == 0) continue;
      data.get(
          content, (int) chunk.offset() + from, Math.min(blockBytes, chunk.lengthBytes() - from));
    }
  }

  void stop() throws InterruptedException {
    operations.stop();
  }
}
