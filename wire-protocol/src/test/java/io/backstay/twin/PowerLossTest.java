package io.backstay.twin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Directory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What a loss of power may take, and what it never takes. */
class PowerLossTest {
  private static final int SEEDS = 300;
  private static final int SECTORS = 64;

  @Test
  void flushedBytesStayAndOthersAreOneOfTheirVersionsPerSector() throws IOException {
    TreeSet<String> fates = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      MemoryDisk disk = new MemoryDisk(512);
      Sectors sectors = new Sectors();
      disk.directory("/d").createDevice("image", SECTORS * 512).close();
      disk.directory("/d").sync();
      for (int life = 0; life < 3; life++) {
        try (BlockDevice device = disk.directory("/d").openDevice("image")) {
          for (int step = random.nextInt(30); step > 0; step--) sectors.change(device, random);
          disk.powerLoss(random);
        }
        try (BlockDevice device = disk.directory("/d").openDevice("image")) {
          fates.addAll(sectors.settle(device, "seed " + seed));
        }
      }
    }
    assertThat(fates).containsExactly("between", "kept", "lost");
  }

  @Test
  void syncedAppendsStayAndTheUnsyncedTailIsCutOrTorn() throws IOException {
    TreeSet<String> fates = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      MemoryDisk disk = new MemoryDisk();
      byte[] written = new byte[20_000];
      Arrays.fill(written, (byte) 'x');
      int synced = random.nextInt(10_000);
      Directory directory = disk.directory("/d");
      AppendFile file = directory.append("log");
      directory.sync();
      file.append(ByteBuffer.wrap(written, 0, synced));
      file.sync();
      file.append(ByteBuffer.wrap(written, synced, written.length - synced));
      disk.powerLoss(random);
      byte[] left = disk.directory("/d").read("log");
      assertThat(left.length).as("seed %d", seed).isBetween(synced, written.length);
      assertThat(Arrays.copyOf(left, synced)).as("seed %d", seed).containsOnly('x');
      fates.add(
          left.length == synced
              ? "lost"
              : Arrays.equals(left, written)
                  ? "kept"
                  : left.length < written.length ? "cut" : "torn");
    }
    assertThat(fates).containsExactly("cut", "kept", "lost", "torn");
  }

  @Test
  void publishLeavesTheOldOrTheNewContentWhole() throws IOException {
    TreeSet<String> found = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      MemoryDisk disk = new MemoryDisk();
      disk.directory("/d").publish("state", "old".repeat(3000).getBytes(UTF_8));
      int dieAt = random.nextInt(12);
      int[] operations = {0};
      disk.beforeEachOperation(operation -> {
        if (operations[0]++ == dieAt) disk.powerLoss(random);
      });
      boolean returned = true;
      try {
        disk.directory("/d").publish("state", "new".repeat(4000).getBytes(UTF_8));
      } catch (ProcessDiedError e) {
        returned = false;
      }
      disk.beforeEachOperation(operation -> {});
      disk.powerLoss(random);
      String content = new String(disk.directory("/d").read("state"), UTF_8);
      String version = content.substring(0, 3);
      assertThat(content)
          .as("seed %d", seed)
          .isEqualTo(version.repeat(version.equals("old") ? 3000 : 4000));
      if (returned) assertThat(version).as("seed %d", seed).isEqualTo("new");
      found.add(version + (returned ? "" : " though it died"));
    }
    assertThat(found).containsExactly("new", "new though it died", "old though it died");
  }

  @Test
  void syncedNamesStayAndNoFileIsLostOrDoubledByARename() throws IOException {
    TreeSet<String> found = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      MemoryDisk disk = new MemoryDisk();
      Directory directory = disk.directory("/d");
      for (String name : new String[] {"a", "kept", "deleted"})
        directory.publish(name, bytes(name));
      directory.rename("a", "b");
      directory.rename("b", "c");
      directory.append("made").close();
      directory.delete("deleted");
      disk.powerLoss(random);
      Directory after = disk.directory("/d");
      assertThat(after.read("kept")).as("seed %d", seed).isEqualTo(bytes("kept"));
      TreeSet<String> names = new TreeSet<>(after.list());
      names.retainAll(java.util.List.of("a", "b", "c"));
      assertThat(names).as("seed %d", seed).hasSize(1);
      assertThat(after.read(names.first())).as("seed %d", seed).isEqualTo(bytes("a"));
      found.add(names.first());
      found.add(after.has("made") ? "made" : "not made");
      found.add(after.has("deleted") ? "not deleted" : "deleted");
    }
    assertThat(found).containsExactly("a", "b", "c", "deleted", "made", "not deleted", "not made");
  }

  @Test
  void aFolderWhoseNameWasNotSyncedMayBeGoneWithAllThatWasSyncedInIt() throws IOException {
    TreeMap<Boolean, Integer> found = new TreeMap<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      MemoryDisk disk = new MemoryDisk();
      disk.directory("/d").child("c").publish("x", bytes("1"));
      disk.powerLoss(new Random(seed));
      found.merge(disk.directory("/d").has("c"), 1, Integer::sum);

      MemoryDisk synced = new MemoryDisk();
      synced.directory("/d").child("c").publish("x", bytes("1"));
      synced.directory("/d").sync();
      synced.powerLoss(new Random(seed));
      assertThat(synced.directory("/d").child("c").read("x")).isEqualTo(bytes("1"));
    }
    assertThat(found).containsOnlyKeys(false, true);
  }

  @Test
  void aDeletedFolderMayComeBackInPart() throws IOException {
    TreeSet<String> found = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      MemoryDisk disk = new MemoryDisk();
      Directory directory = disk.directory("/d");
      directory.child("c").publish("x", bytes("1"));
      directory.child("c").publish("y", bytes("2"));
      directory.sync();
      directory.delete("c");
      disk.powerLoss(new Random(seed));
      Directory after = disk.directory("/d");
      found.add(after.has("c") ? after.child("c").list().toString() : "gone");
    }
    assertThat(found).containsExactly("[]", "[x, y]", "[x]", "[y]", "gone");
  }

  @Test
  void whatAFailedFlushCoveredIsNotSavedByTheNextFlush() throws IOException {
    TreeSet<Integer> untouched = new TreeSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      MemoryDisk disk = new MemoryDisk();
      Directory directory = disk.directory("/d");
      BlockDevice device = directory.createDevice("image", 8192);
      directory.sync();
      MemoryDiskTest.write(device, 0, 1);
      MemoryDiskTest.write(device, 4096, 1);
      disk.failNextFlush("/d/image");
      assertThatThrownBy(device::flush).isInstanceOf(IOException.class);
      MemoryDiskTest.write(device, 0, 1);
      device.flush();
      device.flush();
      disk.powerLoss(new Random(seed));
      ByteBuffer content = BufferPool.aligned(8192);
      disk.directory("/d").openDevice("image").read(0, content);
      assertThat(content.get(0)).as("rule L3, seed %d", seed).isEqualTo((byte) 1);
      assertThat(content.get(4095)).as("rule L3, seed %d", seed).isEqualTo((byte) 1);
      untouched.add((int) content.get(5000));
    }
    assertThat(untouched).as("rule L3").containsExactly(0, 1);
  }

  @Test
  void theSameSeedGivesTheSameDisk() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      assertThat(contentAfterLoss(seed)).isEqualTo(contentAfterLoss(seed));
    }
  }

  private static byte[] contentAfterLoss(long seed) throws IOException {
    MemoryDisk disk = new MemoryDisk();
    AppendFile file = disk.directory("/d").append("log");
    disk.directory("/d").sync();
    byte[] content = new byte[50_000];
    new Random(0).nextBytes(content);
    file.append(ByteBuffer.wrap(content));
    disk.powerLoss(new Random(seed));
    return disk.directory("/d").read("log");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** What each sector of a device may hold: the last is what it holds now, the first is durable. */
  private static final class Sectors {
    private final TreeMap<Integer, TreeSet<Integer>> versions = new TreeMap<>();
    private final int[] now = new int[SECTORS];
    private final int[] durable = new int[SECTORS];

    void change(BlockDevice device, Random random) throws IOException {
      int first = random.nextInt(SECTORS);
      int count = 1 + random.nextInt(SECTORS - first);
      switch (random.nextInt(8)) {
        case 0 -> {
          device.flush();
          System.arraycopy(now, 0, durable, 0, SECTORS);
          versions.clear();
        }
        case 1 -> {
          device.zero(first * 512L, count * 512L);
          remember(first, count, 0);
        }
        default -> {
          int value = 1 + random.nextInt(100);
          device.write(first * 512L, MemoryDiskTest.aligned(count * 512, value));
          remember(first, count, value);
        }
      }
    }

    /** Takes over what the device holds; says what became of sectors that were not flushed. */
    TreeSet<String> settle(BlockDevice device, String seed) throws IOException {
      TreeSet<String> fates = new TreeSet<>();
      ByteBuffer content = BufferPool.aligned(SECTORS * 512);
      device.read(0, content);
      for (int i = 0; i < SECTORS; i++) {
        int value = content.get(i * 512);
        for (int at = 0; at < 512; at++) {
          assertThat((int) content.get(i * 512 + at)).as("%s sector %d", seed, i).isEqualTo(value);
        }
        TreeSet<Integer> allowed = versions.getOrDefault(i, new TreeSet<>());
        if (!allowed.isEmpty() && now[i] != durable[i]) {
          fates.add(value == now[i] ? "kept" : value == durable[i] ? "lost" : "between");
        }
        allowed.add(durable[i]);
        assertThat(allowed).as("%s sector %d", seed, i).contains(value);
        now[i] = value;
        durable[i] = value;
      }
      versions.clear();
      return fates;
    }

    private void remember(int first, int count, int value) {
      for (int i = first; i < first + count; i++) {
        versions.computeIfAbsent(i, fresh -> new TreeSet<>()).add(value);
        now[i] = value;
      }
    }
  }
}
