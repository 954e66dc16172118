package io.backstay.log;

import io.backstay.log.Cuts.Wanted;
import io.backstay.model.Cut;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A cut that is placed in the log and not recorded yet: see {@link Cutter}.
 *
 * @param volumeBytes as the volume was, or already is (rule L9)
 */
record Placed(long lsid, Instant time, Optional<Instant> firstWrite, Why why, long volumeBytes) {

  /** Why it was placed. */
  sealed interface Why {
    record Timer() implements Why {}

    record Size() implements Why {}

    record Asked(
        boolean explicit,
        Optional<String> label,
        Optional<String> operation,
        CompletableFuture<Cut> answer)
        implements Why {}
  }

  Placed with(Optional<Instant> first) {
    return new Placed(lsid, time, first, why, volumeBytes);
  }

  Wanted wanted() {
    return why instanceof Why.Asked asked
        ? new Wanted(
            lsid, time, firstWrite, asked.explicit, asked.label, asked.operation, volumeBytes)
        : new Wanted(
            lsid, time, firstWrite, false, Optional.empty(), Optional.empty(), volumeBytes);
  }
}
