package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Reservation;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.ProcessDiedError;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * Rules K1 and K2 under crashes: what was answered stays, what was not answered is there as a whole
 * or not at all, no epoch that was told is given to another run.
 */
class CatalogPowerLossTest {
  private static final boolean LONG = Boolean.getBoolean("backstay.long");

  /** Small, so that compaction happens often. */
  private static final long LOG_BYTES_MAX = 1500;

  /** How the process ends. */
  private enum Crash {
    POWER_LOSS,
    PROCESS_DEATH
  }

  @Test
  void afterACrashBeforeAnyDiskOperationThereIsAllThatWasAnswered() throws IOException {
    for (Crash crash : Crash.values()) {
      for (long seed = 1; seed <= (LONG ? 100 : 10); seed++) {
        long operations = new Life(seed, crash).live(60, Long.MAX_VALUE);
        for (long at = 1; at <= operations; at++) new Life(seed, crash).live(60, at);
      }
    }
  }

  @Test
  void aCatalogThatCrashesAgainAndAgainNeverTakesBackAnAnswer() throws IOException {
    for (long seed = 1; seed <= (LONG ? 200 : 10); seed++) {
      RandomGenerator crashes = new Random(seed);
      Life life = new Life(seed, Crash.POWER_LOSS);
      for (int i = 0; i < 60; i++) life.live(50, 1 + crashes.nextInt(150));
    }
  }

  @Test
  void aDiskThatFailsNowAndThenNeverTakesBackAnAnswer() throws IOException {
    for (long seed = 1; seed <= (LONG ? 200 : 10); seed++) {
      RandomGenerator crashes = new Random(seed);
      Life life = new Life(seed, Crash.POWER_LOSS);
      life.syncFails = () -> crashes.nextInt(12) == 0;
      for (int i = 0; i < 60; i++) life.live(50, 1 + crashes.nextInt(150));
    }
  }

  /** One disk and what its users were told. */
  private static final class Life {
    private final long seed;
    private final Crash crash;
    private final Random random;
    private final RandomCommands commands;
    private final MemoryDisk disk = new MemoryDisk();

    /** What the next start may find: what was answered last, then what was asked since. */
    private final List<CatalogState> possible = new ArrayList<>(List.of(CatalogState.empty("g")));

    /** Who was told which epoch of a volume. */
    private final Map<String, String> told = new HashMap<>();

    /** Whether the next sync fails; none does unless this is replaced. */
    private BooleanSupplier syncFails = () -> false;

    Life(long seed, Crash crash) {
      this.seed = seed;
      this.crash = crash;
      this.random = new Random(seed);
      this.commands = new RandomCommands(random);
    }

    /**
     * Starts, obeys some commands, crashes at a disk operation if it comes to it, and checks a
     * further start. Returns how many disk operations there were.
     */
    long live(int count, long crashAt) throws IOException {
      AtomicLong operations = new AtomicLong();
      disk.beforeEachOperation(operation -> {
        if (operations.incrementAndGet() == crashAt) crash();
        if (operation.startsWith("flush") && syncFails.getAsBoolean()) {
          disk.failNextFlush(operation.substring("flush ".length()));
        }
      });
      try {
        CatalogStore store = open();
        for (int i = 0; i < count; i++) tell(store);
      } catch (ProcessDiedError | IOException expected) {
        // The crash that was asked for, or a start that could not write.
      }
      disk.processDeath();
      disk.beforeEachOperation(operation -> {});
      disk.healFaults();
      open();
      disk.processDeath();
      return operations.get();
    }

    private void crash() {
      switch (crash) {
        case POWER_LOSS -> disk.powerLoss(random);
        case PROCESS_DEATH -> disk.processDeath();
      }
    }

    private CatalogStore open() throws IOException {
      CatalogStore store = CatalogStore.open(disk.directory("/catalog"), "g", LOG_BYTES_MAX);
      assertThat(store.state()).as("seed %d", seed).isIn(possible);
      settle(store.state());
      return store;
    }

    private void tell(CatalogStore store) {
      Command.ForCatalog command = commands.next(store.state());
      possible.add(decide(store.state(), command).next());
      try {
        remember(store.answer(state -> decide(state, command)));
        settle(store.state());
      } catch (IOException expected) {
        // Nobody was told; the change may come to light or not.
      }
    }

    private void remember(Reply reply) {
      if (!(reply instanceof Reply.Reserved(Reservation given))) return;
      String run = given.originalRunId() + given.operation();
      String before = told.put(given.volume() + "/" + given.epoch(), run);
      assertThat(before).as("seed %d: %s told twice", seed, given).isIn(null, run);
    }

    private void settle(CatalogState state) {
      possible.clear();
      possible.add(state);
    }
  }
}
