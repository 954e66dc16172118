package io.backstay.sim.flow;

import io.backstay.model.Compression;
import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.ReleaseOn;
import io.backstay.model.Role;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.sim.SimulatedGroup.Seat;
import io.backstay.sim.SimulatedNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a group is like: its servers, and the volumes that it keeps.
 *
 * @param uniform all requests of clients are alike
 */
record Landscape(List<Seat> seats, List<ProtectionRecord> volumes, boolean uniform) {
  private static final int BLOCK_BYTES = 4096;

  /** More than what a log device holds beside its ring. */
  private static final long SUPER_BYTES = 64 << 10;

  private static final int TAIL_BYTES_MIN = 128 << 10;

  static Landscape random(RandomGenerator random) {
    List<Seat> seats = new ArrayList<>();
    seats.add(new Seat("nc", Role.CATALOG, "c0"));
    List<String> storages = some(random.nextInt(4) == 0 ? 2 : 1, "s");
    List<String> proxies = some(1 + random.nextInt(2), "p");
    List<String> archives = some(random.nextInt(3) == 0 ? 2 : 1, "a");
    for (String name : storages) seats.add(new Seat("n" + name, Role.STORAGE, name));
    for (String name : archives) seats.add(new Seat("n" + name, Role.ARCHIVE, name));
    for (String name : proxies) seats.add(new Seat("n" + name, Role.PROXY, name));
    List<ProtectionRecord> volumes = new ArrayList<>();
    int many = 1 + random.nextInt(2);
    for (int i = 0; i < many; i++)
      volumes.add(volume("v" + i, storages.get(i % storages.size()), proxies, archives, random));
    return new Landscape(seats, volumes, random.nextInt(4) == 0);
  }

  private static List<String> some(int many, String letter) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < many; i++) names.add(letter + i);
    return names;
  }

  private static ProtectionRecord volume(
      String name,
      String storage,
      List<String> proxies,
      List<String> archives,
      RandomGenerator random) {
    boolean own = random.nextBoolean();
    String place = own ? SimulatedNode.STATE + "/volumes/" + name : "/dev/" + name;
    int tail = TAIL_BYTES_MIN << random.nextInt(2);
    long log = SUPER_BYTES + 4L * tail + BLOCK_BYTES * random.nextLong(200);
    LogPlan plan =
        new LogPlan(
            place + (own ? "/log-device" : "-log"),
            log,
            tail,
            random.nextInt(4) == 0 ? OnLogFull.BLOCK : OnLogFull.OVERFLOW,
            1 + random.nextInt(8));
    List<String> itsProxies = shuffled(proxies, random);
    List<String> itsArchives = shuffled(archives, random);
    return new ProtectionRecord(
        1,
        name,
        VolumeKind.LOGGED,
        size(random),
        place + (own ? "/data" : "-data"),
        storage,
        itsArchives,
        itsArchives.getFirst(),
        Optional.of(plan),
        Optional.of(
            new Shipping(
                itsProxies,
                random.nextInt(3) == 0 ? ReleaseOn.ARCHIVE : ReleaseOn.PROXY,
                Compression.DEFAULT,
                random.nextInt(6) == 0 ? 64 << 10 : 0)));
  }

  /** From 128 KiB to 1 MiB, now and then some MiB: several ranges of an image. */
  private static long size(RandomGenerator random) {
    int blocks = random.nextInt(4) == 0 ? 257 + random.nextInt(500) : 32 + random.nextInt(225);
    return (long) blocks * BLOCK_BYTES;
  }

  private static List<String> shuffled(List<String> names, RandomGenerator random) {
    return names.size() > 1 && random.nextBoolean() ? names.reversed() : names;
  }
}
