package io.backstay.nbd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An export and its connections, all on one event loop: what was read first is done first, whatever
 * connection it came by (rule L8).
 *
 * <p>A client that lost its connection comes back and writes again. Nothing that it sent on the old
 * connection may be done after that, or an old write lands over a newer one:
 *
 * <ul>
 *   <li>A client of this machine that is gone has sent all that it ever will, and it lies in the
 *       socket. So a new connection is let in only after each older one was read until it would
 *       block.
 *   <li>What a client elsewhere sent may still be under way, for minutes. So the first write on a
 *       connection closes every older one, where either of the two is not of this machine.
 * </ul>
 */
final class ServedExport {
  private final Export export;
  private final WriteCache writeCache;
  private final Loop loop;
  private final ExportMeters meters;
  private final LateAnswers late;

  /** The oldest first. */
  private final List<Transmission> connections = new ArrayList<>();

  private final ArrayDeque<Newcomer> newcomers = new ArrayDeque<>();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private long keptRequests;
  private boolean closing;

  /** A connection that wants in, and how it is told. */
  interface Newcomer {
    /** False if it has left meanwhile. */
    boolean stillThere();

    /** Answers it. */
    Transmission letIn();

    /** It is one of the connections: its requests are read from here on. */
    void begin();

    void refuse();
  }

  ServedExport(Export export, WriteCache writeCache, Loop loop, ExportMeters meters) {
    this.export = export;
    this.writeCache = writeCache;
    this.loop = loop;
    this.meters = meters;
    this.late = new LateAnswers(loop.events(), meters);
  }

  /** One after the other, so that each meets all that were let in before it. */
  void enter(Newcomer newcomer) {
    newcomers.add(newcomer);
    if (newcomers.size() == 1) next();
  }

  private void next() {
    Newcomer newcomer = newcomers.peek();
    if (newcomer == null) return;
    List<Transmission> older = List.copyOf(connections);
    AtomicInteger undrained = new AtomicInteger(older.size() + 1);
    Runnable drained =
        () -> {
          if (undrained.decrementAndGet() == 0) letIn(newcomer);
        };
    for (Transmission connection : older) connection.intake().whenDrained(drained);
    drained.run();
  }

  private void letIn(Newcomer newcomer) {
    newcomers.remove();
    if (closing) {
      newcomer.refuse();
    } else if (newcomer.stillThere()) {
      connections.add(newcomer.letIn());
      meters.connected(connections.size());
      newcomer.begin();
    }
    next();
  }

  void firstWriteOf(Transmission writer) {
    List<Transmission> older = connections.subList(0, connections.indexOf(writer));
    for (Transmission connection : List.copyOf(older)) {
      if (!writer.client().near() || !connection.client().near()) {
        connection.cut("a newer connection, of " + writer.client().name() + ", began to write");
      }
    }
  }

  /** Rule L1: who survives a loss of power here must not have heard of what it takes away. */
  boolean durableFor(Client client) {
    return !client.near() && writeCache == WriteCache.DURABLE;
  }

  /** The offered features, as NBD's transmission flags. */
  int flagsFor(Client client, boolean structured) {
    int flags = Protocol.HAS_FLAGS | Protocol.SEND_FLUSH | Protocol.SEND_FUA | Protocol.SEND_CACHE;
    if (structured) flags |= Protocol.SEND_DF;
    if (client.near()) flags |= Protocol.CAN_MULTI_CONN;
    return flags
        | (export.readOnly()
            ? Protocol.READ_ONLY
            : Protocol.SEND_TRIM | Protocol.SEND_WRITE_ZEROES | Protocol.SEND_FAST_ZERO);
  }

  void left(Transmission connection) {
    connections.remove(connection);
    meters.connected(connections.size());
    finishIfEmpty();
  }

  /** Lets nobody in any more; complete when all requests were answered and all have left. */
  CompletableFuture<Void> close() {
    loop.events()
        .execute(() -> {
          closing = true;
          for (Transmission connection : List.copyOf(connections)) connection.leave();
          finishIfEmpty();
        });
    return closed;
  }

  /** The export has one request more that it will answer later. */
  void kept() {
    keptRequests++;
  }

  void givenBack() {
    keptRequests--;
    finishIfEmpty();
  }

  private void finishIfEmpty() {
    if (closing && connections.isEmpty() && keptRequests == 0) closed.complete(null);
  }

  void watch() {
    for (Transmission connection : List.copyOf(connections)) connection.intake().watch();
  }

  Export export() {
    return export;
  }

  Loop loop() {
    return loop;
  }

  ExportMeters meters() {
    return meters;
  }

  LateAnswers late() {
    return late;
  }
}
