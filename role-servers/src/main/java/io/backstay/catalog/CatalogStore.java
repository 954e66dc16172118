package io.backstay.catalog;

import io.backstay.catalog.CatalogRules.Decision;
import io.backstay.catalog.LogFile.Entry;
import io.backstay.seam.Directory;
import io.backstay.wire.Cbor;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of the catalog and the log that makes it last.
 *
 * <p><b>One rule.</b> A reply, a read's too, is given when everything is durable that its decision
 * was based on. So nobody ever acts on a state that a crash takes back, and rule K2 needs no more
 * than that: an epoch that was told is never given again.
 *
 * <p><b>Group commit.</b> A thread decides against the newest state under {@code stateLock}, leaves
 * its changes in {@code pending} and then asks for {@code logLock}. Whoever gets that writes what
 * is pending by then, its own and others', as one entry; the others find their revision durable
 * when their turn comes. One entry is one atomic change, so a torn one never leaves half a batch.
 *
 * <p><b>Failure.</b> A change whose write failed stays in the state although its caller was told of
 * the failure: it may be on the disk or not, so both must be allowed anyway. The log was given up,
 * and the next command writes the whole state into a new one.
 */
final class CatalogStore {
  /** So many pending changes are written before the next decision; an entry is at most 4 MiB. */
  static final int PENDING_MAX = 256;

  private static final Logger LOG = LoggerFactory.getLogger(CatalogStore.class);

  private final RecordLog log;
  private final ReentrantLock stateLock = new ReentrantLock();
  private final ReentrantLock logLock = new ReentrantLock();

  /** Written under stateLock; read without it for metrics only. */
  private volatile CatalogState state;

  /** Guarded by stateLock: what brings the last written state to {@link #state}. */
  private List<CatalogChange> pending = new ArrayList<>();

  /** Guarded by logLock: revision up to which all is durable. */
  private long durable;

  /** Guarded by logLock: another process may own the directory now. */
  private boolean closed;

  private CatalogStore(RecordLog log, CatalogState state) {
    this.log = log;
    this.state = state;
  }

  /**
   * Reads what is durable and writes it anew as the next generation. An empty directory becomes the
   * catalog of a new group.
   *
   * @throws DamagedLogException when the files cannot be what a crash left behind
   * @throws IOException when they belong to another group, or cannot be read or written
   */
  static CatalogStore open(Directory directory, String group, long logBytesMax) throws IOException {
    RecordLog log = new RecordLog(directory, logBytesMax);
    CatalogState state = replay(directory, group, log.recover());
    if (!state.group().equals(group)) {
      throw new IOException(
          "the catalog in %s is of group %s, this server is configured for group %s: start it with the configuration or the directory of its own group"
              .formatted(directory.description(), state.group(), group));
    }
    log.rotate(new Entry(state.revision(), Cbor.write(state.snapshot())));
    LOG.info(
        "catalog of group {} at revision {}: {} servers, {} volumes, {} reservations",
        group,
        state.revision(),
        state.servers().size(),
        state.protections().size(),
        state.reservations().size());
    CatalogStore store = new CatalogStore(log, state);
    store.durable = state.revision();
    return store;
  }

  private static CatalogState replay(
      Directory directory, String group, RecordLog.Recovered recovered) throws IOException {
    if (recovered.snapshot().isEmpty()) {
      LOG.info("no catalog in {}: begin that of group {}", directory.description(), group);
      return CatalogState.empty(group);
    }
    Entry snapshot = recovered.snapshot().get();
    try {
      CatalogState state =
          CatalogState.of(
              Cbor.read(snapshot.body(), CatalogState.Snapshot.class), snapshot.revision());
      for (Entry entry : recovered.entries()) {
        if (entry.revision() != state.revision()) {
          throw new DamagedLogException(
              "the log in %s has an entry for revision %d where %d was expected"
                  .formatted(directory.description(), entry.revision(), state.revision()));
        }
        state = state.apply(Cbor.read(entry.body(), CatalogChange.Batch.class).changes());
      }
      return state;
    } catch (MalformedFrameException e) {
      throw new DamagedLogException(
          "the catalog in %s has a record that cannot be read (%s)"
              .formatted(directory.description(), e.getMessage()),
          e);
    }
  }

  /**
   * Decides on the newest state and gives the reply when all that it tells is durable.
   *
   * @throws IOException when that could not be made durable; it may be or may become so nonetheless
   */
  Reply answer(Function<CatalogState, Decision> decide) throws IOException {
    Decision decision = take(decide);
    makeDurable(decision.next().revision());
    return decision.reply();
  }

  private Decision take(Function<CatalogState, Decision> decide) throws IOException {
    while (true) {
      long full;
      stateLock.lock();
      try {
        if (pending.size() < PENDING_MAX) {
          Decision decision = decide.apply(state);
          pending.addAll(decision.changes());
          state = decision.next();
          return decision;
        }
        full = state.revision();
      } finally {
        stateLock.unlock();
      }
      makeDurable(full);
    }
  }

  private void makeDurable(long revision) throws IOException {
    logLock.lock();
    try {
      if (durable >= revision) return;
      if (closed) throw new IOException("the catalog is stopping: nothing more is written");
      durable = writePending();
    } finally {
      logLock.unlock();
    }
  }

  /** Returns the revision up to which all is durable now. */
  private long writePending() throws IOException {
    List<CatalogChange> batch;
    CatalogState upTo;
    stateLock.lock();
    try {
      batch = pending;
      upTo = state;
      pending = new ArrayList<>();
    } finally {
      stateLock.unlock();
    }
    boolean written = false;
    try {
      if (log.wantsRotation()) {
        log.rotate(new Entry(upTo.revision(), Cbor.write(upTo.snapshot())));
      } else {
        log.append(
            new Entry(upTo.revision() - batch.size(), Cbor.write(new CatalogChange.Batch(batch))));
      }
      written = true;
    } finally {
      if (!written) log.giveUp(); // what was taken from pending is in the state only
    }
    return upTo.revision();
  }

  /** The newest state, durable or not: for metrics. */
  CatalogState state() {
    return state;
  }

  /** Size of the log in bytes. */
  long logBytes() {
    return log.sizeBytes();
  }

  /** Closes the log; whatever was answered is durable already. */
  void close() {
    logLock.lock();
    try {
      closed = true;
      log.giveUp();
    } finally {
      logLock.unlock();
    }
  }
}
