package io.backstay.log;

import java.time.Instant;

/**
 * A place between two packs, and a time at which the log ended there: what is below it came before,
 * what is above it later.
 */
record Mark(long lsid, Instant time) {}
