package io.backstay.cli;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A volume that is backed up, verified and restored in the training: what then is done for every
 * range and every record of TLS, the JVM compiles in later processes at once, with the profile of
 * the training, instead of counting first (JEP 515).
 */
final class TrainingVolume {
  private static final String NAME = "plain";
  private static final int MIB = 1 << 20;
  private static final int SIZE_MIB = 48;

  /** Enough for each inner loop to be taken for a hot one. */
  private static final int ROUNDS = 5;

  private final TrainingGroup group;
  private final Path source;
  private final Path restores;

  /**
   * @param restores where a restore needs no grant
   */
  TrainingVolume(TrainingGroup group, Path source, Path restores) {
    this.group = group;
    this.source = source;
    this.restores = restores;
  }

  void use() throws IOException, InterruptedException, RefusedException {
    fill();
    String storage = group.only(Role.STORAGE);
    ServerRecord archive = group.archive();
    long epoch = group.add(record(storage, archive.name()));
    for (int round = 0; round < ROUNDS; round++) {
      Work backup = new Work.FullBackup(archive.name(), archive.address(), 0);
      group.carryOut(storage, NAME, "backup-" + round, epoch, backup);
      group.carryOut(archive.name(), NAME, "verify-" + round, 0, new Work.Verify(round, 0));
      group.carryOut(archive.name(), NAME, "restore-" + round, 0, restore(round));
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

  private ProtectionRecord record(String storage, String archive) {
    return new ProtectionRecord(
        1,
        NAME,
        VolumeKind.PLAIN,
        (long) SIZE_MIB * MIB,
        source.toString(),
        storage,
        List.of(archive),
        archive);
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
}
