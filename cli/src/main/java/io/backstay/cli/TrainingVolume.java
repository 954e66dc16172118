package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.model.OperationKind;
import io.backstay.model.OperationReport;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A volume that is backed up, verified and restored in the training: what then is done for every
 * range and every record of TLS, the JVM compiles in later processes at once, with the profile of
 * the training, instead of counting first (JEP 515).
 */
final class TrainingVolume {
  private static final String NAME = "training";
  private static final int MIB = 1 << 20;
  private static final int SIZE_MIB = 48;

  /** Enough for each inner loop to be taken for a hot one. */
  private static final int ROUNDS = 5;

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final int LOOKS_MAX = 600;
  private static final Duration ASK_EVERY = Duration.ofMillis(20);

  private final GroupFile group;
  private final Servers servers;
  private final Path source;
  private final Path restores;
  private final Time time;

  /**
   * @param servers asked as the operator
   * @param restores where a restore needs no grant
   */
  TrainingVolume(GroupFile group, Servers servers, Path source, Path restores, Time time) {
    this.group = group;
    this.servers = servers;
    this.source = source;
    this.restores = restores;
    this.time = time;
  }

  void use() throws IOException, InterruptedException, RefusedException {
    fill();
    String storage = only(Role.STORAGE).name();
    ServerRecord archive = only(Role.ARCHIVE);
    awaitServing(group.catalog().name());
    for (ServerRecord server : group.servers()) {
      ask(group.catalog().name(), new Command.WriteServer(server, 0));
    }
    awaitServing(storage);
    awaitServing(archive.name());
    long epoch = add(storage, archive.name());
    for (int round = 0; round < ROUNDS; round++) {
      Work backup = new Work.FullBackup(archive.name(), archive.address(), 0);
      carryOut(storage, "backup-" + round, epoch, backup);
      carryOut(archive.name(), "verify-" + round, 0, new Work.Verify(round, 0));
      carryOut(archive.name(), "restore-" + round, 0, restore(round));
    }
  }

  private void awaitServing(String server) throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      try {
        servers.call(server, new Command.Describe());
        return;
      } catch (UnreachableException e) {
        if (i == LOOKS_MAX) throw e;
        time.sleep(LOOK_EVERY);
      }
    }
  }

  /** Files and random data, with zeroes between them. */
  private void fill() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    byte[] range = new byte[MIB];
    try (OutputStream out = Files.newOutputStream(source)) {
      for (int i = 0; i < SIZE_MIB; i++) {
        random.nextBytes(range);
        int data = i % 3 == 2 ? 0 : i % 8 == 0 ? MIB / 2 : MIB;
        java.util.Arrays.fill(range, data, MIB, (byte) 0);
        out.write(range);
      }
    }
  }

  private long add(String storage, String archive)
      throws IOException, InterruptedException, RefusedException {
    Command reserve =
        new Command.Reserve(
            NAME, OperationKind.ADD_VOLUME, NAME, NAME, "training", Optional.empty());
    if (!(ask(group.catalog().name(), reserve) instanceof Reply.Reserved reserved)) {
      throw new IOException("the volume of the training cannot be reserved");
    }
    long epoch = reserved.reservation().epoch();
    ProtectionRecord record =
        new ProtectionRecord(
            1,
            NAME,
            VolumeKind.PLAIN,
            (long) SIZE_MIB * MIB,
            source.toString(),
            storage,
            List.of(archive),
            archive);
    if (!(ask(group.catalog().name(), new Command.WriteProtection(epoch, record))
        instanceof Reply.SignedRecord signed)) {
      throw new IOException("the record of the training was not signed");
    }
    for (String server : List.of(storage, archive)) {
      carryOut(server, "add-" + server, epoch, new Work.AddVolume(signed.record()));
    }
    return epoch;
  }

  private Work restore(int round) {
    return new Work.Restore(
        round,
        group.node(),
        Optional.empty(),
        restores.resolve("restored-" + round).toString(),
        Work.Overwrite.ONLY_EMPTY,
        0,
        "training",
        Optional.empty());
  }

  private void carryOut(String server, String step, long epoch, Work work)
      throws IOException, InterruptedException, RefusedException {
    String operation = NAME + "/" + step;
    Reply reply = ask(server, new Command.Start(operation, NAME, epoch, work));
    while (reply instanceof Reply.Operation found && found.report().running()) {
      time.sleep(ASK_EVERY);
      reply = ask(server, new Command.Watch(operation, NAME));
    }
    if (!(reply instanceof Reply.Operation over)
        || over.report().state() != OperationReport.State.DONE) {
      throw new IOException("the training's %s at %s came to %s".formatted(step, server, reply));
    }
  }

  private Reply ask(String server, Command command)
      throws IOException, InterruptedException, RefusedException {
    return GroupConnection.accepted(servers.call(server, command));
  }

  private ServerRecord only(Role role) {
    return group.servers(role).getFirst();
  }
}
