package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Cut;
import io.backstay.model.LogPlan;
import io.backstay.model.OperationReport;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.nbd.Export;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** A logged volume of a group and its only client, who remembers what it was at each snapshot. */
final class LoggedSource {
  private static final int MIB = TwinGroup.MIB;
  private final TwinGroup group;
  private final Random random = new Random(7);
  final Map<Long, byte[]> history = new HashMap<>();
  byte[] model;
  private int restores;

  LoggedSource(TwinGroup group, int bytes) {
    this.group = group;
    this.model = new byte[bytes];
  }

  /** Adds the volume at storage and archive, which serve. */
  void add(Shipping shipping) throws Exception {
    Work add = TwinGroup.add(record(1, model.length, shipping));
    group.archive.start("add/a0", 1, add);
    assertThat(group.archive.await("add/a0").state()).isEqualTo(OperationReport.State.DONE);
    group.storage.start("add/s0", 1, add);
    assertThat(group.storage.await("add/s0").state()).isEqualTo(OperationReport.State.DONE);
  }

  ProtectionRecord record(long version, long bytes, Shipping shipping) throws Exception {
    Reply.OwnPlace own = group.ownPlace();
    return new ProtectionRecord(
        version,
        "vol0",
        VolumeKind.LOGGED,
        bytes,
        own.data(),
        "s0",
        List.of("a0"),
        "a0",
        Optional.of(new LogPlan(own.log(), 32 * MIB, MIB)),
        Optional.of(shipping));
  }

  /** Rule L9: the archive first. */
  void resize(int bytes, long version, Shipping shipping) throws Exception {
    Work resize = TwinGroup.resize(record(version, bytes, shipping));
    for (TwinGroup.Server server : List.of(group.archive, group.storage)) {
      String operation = "resize/%d/%s".formatted(version, server.self.name());
      server.start(operation, 2 + version, resize);
      assertThat(server.await(operation).state()).isEqualTo(OperationReport.State.DONE);
    }
    model = Arrays.copyOf(model, bytes);
  }

  /** Another record, of which the storage tells the others (rule M3). */
  void set(long version, Shipping shipping) throws Exception {
    String operation = "set/" + version;
    group.storage.start(
        operation, 2 + version, TwinGroup.set(record(version, model.length, shipping)));
    assertThat(group.storage.await(operation).state()).isEqualTo(OperationReport.State.DONE);
  }

  Reply.LogFacts logFacts() throws Exception {
    Reply reply = group.storage.service.answer(TwinGroup.WORKER, new Command.ListVolumes());
    return ((Reply.Volumes) reply).volumes().getFirst().log().orElseThrow();
  }

  long newest() {
    return history.keySet().stream().max(Long::compare).orElseThrow();
  }

  /** Something everywhere. */
  void fill() throws Exception {
    for (int at = 0; at < model.length; at += MIB) putRandom(at, MIB);
  }

  void putRandom(int offset, int length) throws Exception {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    put(offset, bytes);
  }

  long backUp(String operation) throws Exception {
    long gid = group.backUp(operation, 2).gid();
    awaitPoint(gid);
    return gid;
  }

  void snapshot(String operation) throws Exception {
    byte[] now = model.clone();
    group.storage.start(operation, 0, new Work.Snapshot(Optional.of(operation)));
    OperationReport report = group.storage.await(operation);
    assertThat(report.state()).as("%s", report).isEqualTo(OperationReport.State.DONE);
    Cut cut = ((WorkResult.SnapshotMade) report.result().orElseThrow()).cut();
    history.put(cut.gid(), now);
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void await(Condition condition) throws Exception {
    while (!condition.holds()) {
      if (Thread.interrupted()) throw new InterruptedException("the test takes too long");
      TwinGroup.pause();
    }
  }

  void awaitPoint(long gid) throws Exception {
    await(() -> group.points().stream().filter(Point::clean).anyMatch(point -> point.gid() == gid));
  }

  Reply.ShippingFacts shipping() throws Exception {
    return logFacts().shipping().orElseThrow();
  }

  void assertRestored(long gid) throws Exception {
    byte[] restored = group.restored("restore/" + gid, gid, "/restore/image" + restores++);
    assertThat(restored).as("gid %d", gid).isEqualTo(history.get(gid));
  }

  /** Random writes, discards and zeroes. */
  void write(int times) throws Exception {
    for (int i = 0; i < times; i++) {
      int length = 512 * (1 + random.nextInt(64));
      int offset = 512 * random.nextInt((model.length - length) / 512);
      switch (random.nextInt(8)) {
        case 0 -> {
          done(answer -> export().trim(offset, length, false, answer));
          Arrays.fill(model, offset, offset + length, (byte) 0);
        }
        case 1 -> put(offset, new byte[length]);
        default -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          put(offset, bytes);
        }
      }
    }
  }

  void put(int offset, byte[] bytes) throws Exception {
    ByteBuffer buffer = BufferPool.aligned(bytes.length).put(bytes).flip();
    done(answer -> export().write(offset, List.of(buffer), bytes.length, false, answer));
    System.arraycopy(bytes, 0, model, offset, bytes.length);
  }

  Export export() {
    Export export = group.storage.door.export("vol0");
    while (export == null) {
      TwinGroup.pause();
      export = group.storage.door.export("vol0");
    }
    return export;
  }

  private interface Asking {
    int ask(Export.Answer answer);
  }

  private static void done(Asking asking) throws Exception {
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now = asking.ask(later::complete);
    assertThat(now == Export.LATER ? later.get() : now).isEqualTo(Export.DONE);
  }
}
