package io.backstay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.seam.AppendFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * What seeds found once, each told alone: a seed means another story as soon as anything changes,
 * these stories stay.
 */
class MendedTest {
  private static void tell(long seed, Simulation.Story story) {
    Simulation.Result result = Simulation.tell(seed, story);
    assertThat(result.failure())
        .as(() -> "seed %d:%n%s".formatted(seed, String.join("\n", result.lastLines())))
        .isEmpty();
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Simulation world, Condition condition)
      throws IOException, InterruptedException {
    long until = world.scheduler().nanos() + Duration.ofHours(2).toNanos();
    while (!condition.holds()) {
      if (world.scheduler().nanos() > until) throw new Violation("9", "waited in vain");
      world.scheduler().sleep(Duration.ofMillis(100).toNanos());
    }
  }

  private static void awaitAllServing(Simulation world) throws IOException, InterruptedException {
    await(world, () -> world.group().servers().stream().allMatch(SimulatedServer::isServing));
  }

  private static VolumeModel addVolume(Simulation world, int ranges)
      throws IOException, InterruptedException {
    RandomGenerator random = world.scheduler().splitRandom();
    SimulatedNode node = world.group().storage().node();
    Image image = Image.random((long) ranges * Image.RANGE_BYTES, random);
    VolumeModel volume = world.expectations().add(SourceVolume.make("v0", node, false, image));
    assertThat(world.users().add(volume).outcome()).get().isInstanceOf(Outcome.Done.class);
    return volume;
  }

  /** Invariant 6, rule K3: the name of a volume's new directory was never synced. */
  @Test
  void aVolumeThatWasAddedIsThereAfterALossOfPower() {
    for (long seed = 0; seed < 8; seed++) {
      tell(
          seed,
          world -> {
            addVolume(world, 1);
            for (SimulatedNode node : world.group().nodes()) node.losePower(world.group().random());
            for (SimulatedServer server : List.of(world.group().storage(), world.group().archive()))
              assertThat(world.inspection().metadata(server, "v0")).isPresent();
          });
    }
  }

  /**
   * Invariant 3, rule X9: a process that starts reads what its predecessor had renamed but not
   * synced when it died, and told it, although a loss of power could still take it back.
   */
  @Test
  void whatAServerReadsWhenItStartsIsDurableBeforeItTellsIt() {
    for (int sync = 0; sync < 8; sync++) {
      int skipped = sync;
      tell(
          sync,
          world -> {
            VolumeModel volume = addVolume(world, 1);
            SimulatedServer archive = world.group().archive();
            world.before("a0", "sync /state/volumes/v0", skipped, archive::die);
            Run backup = world.users().backUp(volume);
            assertThat(backup.outcome()).get().isInstanceOf(Outcome.Done.class);
            archive.node().losePower(world.group().random());
            world.inspection().bytes(archive.node());
          });
    }
  }

  /** Invariant 6, rule K6: one torn temporary file kept a server from ever starting again. */
  @Test
  void aTargetRecordThatACrashLeftHalfWrittenKeepsNoServerFromStarting() {
    tell(
        1,
        world -> {
          SimulatedServer receiver = world.group().receiver();
          receiver
              .node()
              .look(mount -> {
                try (AppendFile torn =
                    mount.directory("/state/targets").append("0123456789ab.tmp")) {
                  torn.append(ByteBuffer.wrap(new byte[7]));
                  return torn;
                }
              });
          receiver.die();
          awaitAllServing(world);
          assertThat(receiver.node().list("targets")).isEmpty();
        });
  }

  /** Invariant 9, rule K3: an operation whose end could not be written was never over. */
  @Test
  void anOperationEndsAlsoWhenItsEndCannotBeRecordedAtOnce() {
    tell(
        1,
        world -> {
          VolumeModel volume = addVolume(world, 4);
          SimulatedNode node = world.group().storage().node();
          Run backup = world.users().beginBackup(volume, 100_000);
          world.scheduler().sleep(Duration.ofSeconds(3).toNanos());
          node.disk().failWrites("/state/volumes/v0/metadata.tmp", 0, 1 << 20);
          world.engine().cancel(backup);
          world.scheduler().sleep(Duration.ofMinutes(1).toNanos());
          assertThat(backup.isOpen()).isTrue();
          node.disk().healFaults();
          await(world, () -> !backup.isOpen());
          assertThat(backup.outcome()).get().isInstanceOf(Outcome.Cancelled.class);
          world.inspection().steady();
        });
  }

  /** Rule L10: two clones of a source that nobody can date were put together as one moment. */
  @Test
  void aBackupThatIsCutDoesNotGoOnFromAnotherFrozenMoment() {
    tell(
        3,
        world -> {
          SimulatedNode node = world.group().storage().node();
          node.disk().canFreeze(true);
          node.disk().canStamp(false);
          VolumeModel volume = addVolume(world, 8);
          Run backup = world.users().beginBackup(volume, 1 << 20);
          world.scheduler().sleep(Duration.ofSeconds(3).toNanos());
          for (int i = 0; i < 20; i++)
            volume.source().change(world.group().random(), world.scheduler().nanos());
          world.group().wire().cut("s0", "a0", world.group().random());
          assertThat(backup.await()).isInstanceOf(Outcome.Done.class);
          world.inspection().archive();
        });
  }

  /** Invariant 9: a verification of an image whose sidecar had lost its header had no end. */
  @Test
  void aRottenHeaderOfASidecarIsDamageAndNotAReasonToTryAgain() {
    tell(
        3,
        world -> {
          VolumeModel volume = addVolume(world, 2);
          world.users().backUp(volume);
          world.inspection().archive();
          String sums = volume.points().get(0L).sumsPath("v0");
          world.group().archive().node().disk().rot(sums, 9, 1);
          volume.rots(0, 0, true);
          Run verify = world.users().beginVerify(volume, 0);
          await(world, () -> !verify.isOpen());
          assertThat(verify.outcome()).get().isInstanceOf(Outcome.Refused.class);
        });
  }

  /** Invariant 5, rule K3: the start of a cancelled run came after its cancellation, and began. */
  @Test
  void aStartThatComesAfterItsCancellationBeginsNothing() {
    tell(
        3,
        world -> {
          VolumeModel volume = addVolume(world, 2);
          world.users().backUp(volume);
          world.before(
              "w1", "send Request s0", 0, () -> world.engine().pauseWorker(Duration.ofMinutes(2)));
          Run backup = world.users().beginBackup(volume, 1 << 20);
          world.scheduler().sleep(Duration.ofSeconds(1).toNanos());
          world.engine().cancel(backup);
          assertThat(backup.await()).isInstanceOf(Outcome.Cancelled.class);
          world.scheduler().sleep(Duration.ofMinutes(10).toNanos());
          world.inspection().archive();
          assertThat(volume.points()).hasSize(1);
        });
  }

  /** Invariant 1, rule L3: the next flush after a failed one vouched for what that one had lost. */
  @Test
  void aFailedFlushIsNotFollowedByOneThatSucceeds() {
    for (int seed = 0; seed < 20; seed++) {
      tell(
          seed,
          world -> {
            VolumeModel volume = addVolume(world, 8);
            SimulatedNode node = world.group().archive().node();
            String image = "/state/volumes/v0/image-000000.raw";
            AtomicBoolean failed = new AtomicBoolean();
            // The first flush is that of the empty image.
            world.before(
                "a0",
                "flush " + image,
                1,
                () -> {
                  node.disk().failNextFlush(image);
                  failed.set(true);
                });
            Run backup = world.users().beginBackup(volume, 1 << 20);
            await(world, failed::get);
            world.scheduler().sleep(world.group().random().nextLong(1_000_000_000L) + 1);
            node.losePower(world.group().random());
            world.inspection().bytes(node);
            assertThat(backup.await()).isInstanceOf(Outcome.Done.class);
          });
    }
  }
}
