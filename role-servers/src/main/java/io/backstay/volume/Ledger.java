package io.backstay.volume;

import io.backstay.model.OperationReport.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What was asked of a server for one volume, newest first.
 *
 * @param epoch the highest that was seen; a command with a lower one is fenced (rule K2)
 * @param nonces of grants that were used (rule K5), with the moment from which they may be
 *     forgotten
 * @param neverStarted operations that were cancelled before they were heard of, newest first
 */
public record Ledger(
    long epoch, List<LedgerEntry> entries, List<UsedGrant> nonces, List<Tombstone> neverStarted) {
  /** How long results answer a repeated start (rule K3). */
  static final Duration KEPT = Duration.ofDays(30);

  /** More cancels that met nothing than that, within 30 days, are some program's error. */
  static final int TOMBSTONES_MAX = 256;

  public static final Ledger EMPTY = new Ledger(0, List.of(), List.of(), List.of());

  /** A grant that has had its effect. */
  public record UsedGrant(String nonce, Instant expiry) {}

  /** A start that is still on its way must not begin what was cancelled before it came. */
  public record Tombstone(String operation, Instant cancelled) {}

  public Ledger {
    entries = List.copyOf(entries);
    nonces = List.copyOf(nonces);
    neverStarted = neverStarted == null ? List.of() : List.copyOf(neverStarted);
  }

  Optional<LedgerEntry> find(String operation) {
    return entries.stream().filter(entry -> entry.operation().equals(operation)).findFirst();
  }

  /**
   * The entry in its place if it is known, else before all others; what is over for 30 days is
   * forgotten.
   */
  Ledger with(LedgerEntry entry, Instant now) {
    List<LedgerEntry> next = new ArrayList<>();
    boolean known = find(entry.operation()).isPresent();
    if (!known) next.add(entry);
    for (LedgerEntry old : entries) {
      if (old.operation().equals(entry.operation())) next.add(entry);
      else if (isLive(old) || old.changed().plus(KEPT).isAfter(now)) next.add(old);
    }
    return new Ledger(Math.max(epoch, entry.epoch()), next, nonces, neverStarted);
  }

  private static boolean isLive(LedgerEntry entry) {
    return entry.state() == State.RUNNING || entry.state() == State.PARKED;
  }

  /** The same, with an epoch of at least that. */
  public Ledger raised(long atLeast) {
    return new Ledger(Math.max(epoch, atLeast), entries, nonces, neverStarted);
  }

  /** Whether a grant with this nonce has had its effect here. */
  public boolean hasUsed(String nonce) {
    return nonces.stream().anyMatch(used -> used.nonce().equals(nonce));
  }

  /** An expired grant is refused by its expiry, so its nonce need not be kept any longer. */
  public Ledger using(String nonce, Instant expiry, Instant now) {
    List<UsedGrant> next = new ArrayList<>(nonces);
    next.removeIf(used -> used.expiry().isBefore(now));
    next.add(new UsedGrant(nonce, expiry));
    return new Ledger(epoch, entries, next, neverStarted);
  }

  /** Whether it was cancelled before it was heard of. */
  boolean isBuried(String operation) {
    return neverStarted.stream().anyMatch(buried -> buried.operation().equals(operation));
  }

  /** The same, so that the operation never begins; what is older than 30 days is forgotten. */
  Ledger burying(String operation, Instant now) {
    if (isBuried(operation)) return this;
    List<Tombstone> next = new ArrayList<>(List.of(new Tombstone(operation, now)));
    neverStarted.stream()
        .filter(old -> old.cancelled().plus(KEPT).isAfter(now))
        .limit(TOMBSTONES_MAX - 1)
        .forEach(next::add);
    return new Ledger(epoch, entries, nonces, next);
  }
}
