package io.backstay.catalog;

import static io.backstay.catalog.Catalogs.*;

import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.Reservation;
import io.backstay.wire.Command;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Commands that make sense often enough: few volumes and servers, epochs and versions near the
 * stored ones, runs that come back.
 */
final class RandomCommands {
  private static final List<OperationKind> RESERVING =
      Arrays.stream(OperationKind.values()).filter(Exclusion::reserves).toList();

  private final RandomGenerator random;

  RandomCommands(RandomGenerator random) {
    this.random = random;
  }

  Command.ForCatalog next(CatalogState state) {
    String volume = "vol" + random.nextInt(4);
    return switch (random.nextInt(10)) {
      case 0 -> new Command.ReadCatalog();
      case 1 -> {
        String name = "a" + random.nextInt(3);
        long version =
            Optional.ofNullable(state.servers().get(name))
                .map(CatalogState.Server::version)
                .orElse(0L);
        yield new Command.WriteServer(server(name, random.nextInt(100)), near(version));
      }
      case 2, 3 -> {
        long version =
            Optional.ofNullable(state.protections().get(volume))
                .map(protection -> protection.record().version())
                .orElse(0L);
        yield new Command.WriteProtection(
            epoch(state, volume), record(volume, Math.max(1, near(version + 1))));
      }
      case 4 -> new Command.RemoveProtection(epoch(state, volume), volume);
      case 5, 6 -> new Command.Release(volume, epoch(state, volume));
      default -> {
        Optional<Long> holder = state.holders(volume).stream().map(Reservation::epoch).findFirst();
        String run = "r" + random.nextInt(6);
        OperationKind kind = RESERVING.get(random.nextInt(RESERVING.size()));
        yield random.nextBoolean()
            ? reserve(volume, kind, run)
            : supersede(volume, kind, run, near(holder.orElse(1L)));
      }
    };
  }

  private long epoch(CatalogState state, String volume) {
    return near(state.lastEpoch(volume));
  }

  /** Mostly the value itself. */
  private long near(long value) {
    return Math.max(0, random.nextInt(5) > 0 ? value : value + random.nextInt(-2, 3));
  }
}
