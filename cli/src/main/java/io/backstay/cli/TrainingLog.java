package io.backstay.cli;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.nbd.NbdClient;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A logged volume that is written and read in the training, and follows to the archive meanwhile:
 * after a restart a storage is as fast as before, when its clients come back all at once.
 */
final class TrainingLog {
  private static final String NAME = "logged";
  private static final int BLOCK = 4096;
  private static final int MIB = 1 << 20;
  private static final long SIZE_BYTES = 64L * MIB;
  private static final long LOG_BYTES = 128L * MIB;
  private static final long TAIL_BYTES = 16L * MIB;

  /** Bursts of each kind, enough for what each request does to be taken for hot. */
  private static final int BURSTS = 1200;

  private static final int DEPTH = 16;
  private static final int FLUSHES = 1500;
  private static final int LARGE = 48;

  private final TrainingGroup group;
  private final SplittableRandom random = new SplittableRandom(2);

  TrainingLog(TrainingGroup group) {
    this.group = group;
  }

  void use() throws IOException, InterruptedException, RefusedException {
    String storage = group.only(Role.STORAGE);
    ServerRecord archive = group.archive();
    long epoch = group.add(record(storage, archive.name()));
    Work backup = new Work.FullBackup(archive.name(), archive.address(), 0);
    group.carryOut(storage, NAME, "backup", epoch, backup);
    try (NbdClient client = NbdClient.connect(socket(storage), NAME)) {
      writeAndRead(client);
    }
    Reply reply = group.ask(storage, new Command.TakeSnapshot(NAME, Optional.empty()));
    if (!(reply instanceof Reply.SnapshotTaken(var cut)))
      throw new IOException("the training's snapshot came to " + reply);
    group.ask(storage, new Command.Kick(NAME));
    group.awaitPoint(NAME, cut.gid());
    group.carryOut(archive.name(), NAME, "verify", 0, new Work.Verify(cut.gid(), 0));
  }

  private void writeAndRead(NbdClient client) throws IOException {
    byte[] large = new byte[MIB];
    random.nextBytes(large);
    for (int i = 0; i < LARGE; i++) client.write(large, i * (long) MIB);
    byte[] block = new byte[BLOCK];
    for (int i = 0; i < BURSTS; i++) {
      random.nextBytes(block);
      client.write(block, places());
      client.read(BLOCK, places());
    }
    for (int i = 0; i < FLUSHES; i++) {
      client.write(block, place());
      client.flush();
    }
    for (int i = 0; i < LARGE; i++) client.read(MIB, i * (long) MIB);
  }

  private long[] places() {
    return random.longs(DEPTH, 0, SIZE_BYTES / BLOCK).map(block -> block * BLOCK).toArray();
  }

  private long place() {
    return random.nextLong(SIZE_BYTES / BLOCK) * BLOCK;
  }

  private SocketAddress socket(String storage)
      throws IOException, InterruptedException, RefusedException {
    if (group.ask(storage, new Command.ListVolumes()) instanceof Reply.Volumes all)
      for (Reply.VolumeFacts volume : all.volumes())
        if (volume.volume().equals(NAME) && volume.log().isPresent())
          return NbdClient.address(volume.log().get().nbdUri());
    throw new IOException("the training's logged volume is not served");
  }

  private ProtectionRecord record(String storage, String archive)
      throws IOException, InterruptedException, RefusedException {
    if (!(group.ask(storage, new Command.FindOwnPlace(NAME)) instanceof Reply.OwnPlace own))
      throw new IOException("the training's storage has no place for a volume");
    LogPlan log = new LogPlan(own.log(), LOG_BYTES, TAIL_BYTES, OnLogFull.BLOCK, 1);
    return new ProtectionRecord(
        1,
        NAME,
        VolumeKind.LOGGED,
        SIZE_BYTES,
        own.data(),
        storage,
        List.of(archive),
        archive,
        Optional.of(log),
        Optional.of(Shipping.by(List.of(group.only(Role.PROXY)))));
  }
}
