package io.backstay.sim.log;

import java.util.List;
import java.util.Optional;

/**
 * What a world came to.
 *
 * @param nanos of its own time
 */
record LogResult(
    long seed,
    long hash,
    long steps,
    long nanos,
    Tally tally,
    Mishaps mishaps,
    int resizes,
    CutsModel cuts,
    int cutsCompared,
    Optional<Throwable> failure,
    List<String> lastLines) {}
