package io.backstay.activity;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.OperationReport.State;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusedException;
import io.backstay.model.Reservation;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Shipping;
import io.backstay.model.VolumeKind;
import io.backstay.seam.Time;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;

/**
 * A group in memory: catalog c0, storage s0, proxy p0 and archive a0 on node n0, storage s1 on n1.
 * A test may stop servers, lose replies, refuse commands, hold operations still, and look at what
 * was asked and what is left.
 */
public final class MemoryServers implements Servers {
  /** What a test does at a call, before it reaches the server or after the server acted on it. */
  public interface Interruption {
    /** Throwing {@link UnreachableException} loses the call, or its reply. */
    void at(int call, String server, Command command) throws UnreachableException;
  }

  public static final String DEVICE = "/dev/vol";
  public static final long DEVICE_BYTES = 8 * MemoryServer.STEP_BYTES;

  /** Of a volume that a test puts under protection; its device grew meanwhile. */
  public static final long VOLUME_BYTES = 4 * MemoryServer.STEP_BYTES;

  /** Between the points of a logged volume. */
  public static final Duration BETWEEN_CUTS = Duration.ofMinutes(1);

  /** For so long nothing was written after a point of a logged volume. */
  public static final Duration QUIET = Duration.ofSeconds(30);

  private final MemoryCatalog catalog;
  private final Map<String, MemoryServer> servers = new LinkedHashMap<>();
  private final Set<String> down = new TreeSet<>();
  private final List<String> journal = new ArrayList<>();
  private final Time time;
  private Interruption before = (_, _, _) -> {};
  private Interruption after = (_, _, _) -> {};
  private BiPredicate<String, Command> refused = (_, _) -> false;
  private Refusal refusal;
  private int calls;

  public MemoryServers(Time time) {
    this.time = time;
    List<ServerRecord> records =
        List.of(
            new ServerRecord("c0", Role.CATALOG, "n0", "h:1", ""),
            new ServerRecord("s0", Role.STORAGE, "n0", "h:2", ""),
            new ServerRecord("a0", Role.ARCHIVE, "n0", "h:3", ""),
            new ServerRecord("s1", Role.STORAGE, "n1", "h:4", ""),
            new ServerRecord("p0", Role.PROXY, "n0", "h:5", ""));
    catalog = new MemoryCatalog(time, records);
    for (ServerRecord record : records) {
      if (record.role() != Role.CATALOG) {
        servers.put(record.name(), new MemoryServer(record, time, this));
      }
    }
    servers.get("s0").devices.put(DEVICE, DEVICE_BYTES);
  }

  // ---- what a test arranges

  /** Puts a volume under protection, with so many points. */
  public synchronized void protect(String volume, int points) {
    protect(
        new ProtectionRecord(
            1, volume, VolumeKind.PLAIN, VOLUME_BYTES, DEVICE, "s0", List.of("a0"), "a0"));
    for (int i = 0; i < points; i++) server("a0").addPoint(volume);
  }

  /**
   * Puts a logged volume under protection, with so many points, the last a minute ago. After each
   * nothing was written for {@link #QUIET}; that with gid 1 is a snapshot.
   */
  public synchronized void protectLogged(String volume, int points) {
    LogPlan log = new LogPlan("/own/log", 1 << 30, 1 << 26, OnLogFull.BLOCK);
    protect(
        new ProtectionRecord(
            1,
            volume,
            VolumeKind.LOGGED,
            VOLUME_BYTES,
            DEVICE,
            "s0",
            List.of("a0"),
            "a0",
            Optional.of(log),
            Optional.of(Shipping.by(List.of("p0")))));
    MemoryServer archive = server("a0");
    for (int i = 0; i < points; i++) {
      Instant at = time.now().minus(BETWEEN_CUTS.multipliedBy(points - i));
      archive.points.add(volume, archive.cut(volume, at, i == 1, Optional.empty(), QUIET));
    }
  }

  /** What the storage says of the log of a volume. */
  public synchronized void log(String volume, Reply.LogFacts facts) {
    server("s0").logs.put(volume, facts);
  }

  /** The log was full, from that lsid on, and was given up. */
  public synchronized void giveUpLog(String volume, long lsid, Instant at) {
    log(volume, logFacts(1, Optional.of(at), Optional.of(0L), Optional.of(lsid), null));
  }

  /** The log was given up before the archive had it: what was on its way there never comes. */
  public synchronized void loseLog(String volume, Instant at) {
    giveUpLog(volume, 0, at);
    server("a0").points.lose(volume);
  }

  /** Its log is that of a later session now, which begins with that gid. */
  public synchronized void beginSession(String volume, int session, long firstGid) {
    log(volume, logFacts(session, Optional.empty(), Optional.of(firstGid), Optional.empty(), null));
  }

  /** The log up to that gid was sent and let go of; the archive has a chain, without an image. */
  public synchronized void letGoOfLog(String volume, long gid) {
    Reply.ShippingFacts shipping =
        new Reply.ShippingFacts(
            Optional.of("p0"),
            0,
            0,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(gid));
    log(volume, logFacts(1, Optional.empty(), Optional.of(0L), Optional.empty(), shipping));
    chain(volume, false);
  }

  /** What the archive has of the diffs of a volume. */
  public synchronized void chain(String volume, Boolean imageComing) {
    Reply.ChainFacts facts =
        new Reply.ChainFacts(
            Optional.of(1),
            List.of(),
            0,
            0,
            Optional.of(3L),
            Optional.empty(),
            Optional.empty(),
            imageComing);
    server("a0").chains.put(volume, facts);
  }

  private static Reply.LogFacts logFacts(
      int session,
      Optional<Instant> givenUp,
      Optional<Long> firstGid,
      Optional<Long> lsid,
      Reply.ShippingFacts shipping) {
    return new Reply.LogFacts(
        "nbd+unix:///log0",
        0,
        1 << 30,
        0,
        0,
        0,
        Optional.empty(),
        session,
        givenUp.isEmpty(),
        givenUp,
        0,
        Optional.empty(),
        Optional.ofNullable(shipping),
        firstGid,
        lsid);
  }

  /** What the proxy has of a volume. */
  public synchronized void spool(String volume, Reply.SpoolFacts facts) {
    server("p0").volumes.put(volume, catalog.record(volume));
    server("p0").spools.put(volume, facts);
  }

  private void protect(ProtectionRecord record) {
    catalog.put(record);
    server("s0").volumes.put(record.volume(), record);
    server("a0").volumes.put(record.volume(), record);
  }

  public synchronized void protectOnlyAt(String server, String volume) {
    protect(volume, 0);
    servers.values().stream()
        .filter(other -> !other.record.name().equals(server))
        .forEach(other -> other.volumes.remove(volume));
  }

  /** As if the volume had never been protected. */
  public synchronized void forget(String volume) {
    catalog.forget(volume);
    servers.values().forEach(server -> server.volumes.remove(volume));
  }

  /** As if its disk had been lost, but for the volumes. */
  public synchronized void forgetOperations(String server) {
    server(server).ledger.clear();
  }

  public synchronized void stop(String server) {
    down.add(server);
  }

  public synchronized void restart(String server) {
    down.remove(server);
  }

  /** Operations neither move nor end until {@link #goOn}. */
  public synchronized void holdStill() {
    servers.values().forEach(server -> server.stuck = true);
  }

  public synchronized void goOn() {
    servers.values().forEach(server -> server.stuck = false);
  }

  /** Lets every running operation park, as if nobody had watched it for 30 minutes (rule K3). */
  public synchronized void park() {
    for (MemoryServer server : servers.values()) {
      for (MemoryOperation operation : server.ledger.values()) {
        if (operation.state == State.RUNNING) operation.state = State.PARKED;
      }
    }
  }

  public synchronized void interrupt(Interruption before, Interruption after) {
    this.before = before;
    this.after = after;
  }

  /** Answers matching commands with this refusal. */
  public synchronized void refuse(BiPredicate<String, Command> which, Refusal with) {
    this.refused = which;
    this.refusal = with;
  }

  /** Forgets all that was arranged about calls. */
  public synchronized void undisturbed() {
    before = (_, _, _) -> {};
    after = (_, _, _) -> {};
    refused = (_, _) -> false;
  }

  /** A reservation that somebody else holds. */
  public synchronized void reserved(Reservation reservation) {
    catalog.hold(reservation);
  }

  // ---- what a test looks at

  /** "s0 Start", one per call that reached its server. */
  public synchronized List<String> journal() {
    return List.copyOf(journal);
  }

  public synchronized int calls() {
    return calls;
  }

  public synchronized List<Reservation> reservations() {
    return catalog.held();
  }

  public synchronized boolean isProtected(String volume) {
    return catalog.knows(volume);
  }

  public synchronized boolean isAt(String server, String volume) {
    return server(server).volumes.containsKey(volume);
  }

  /** By the record that the server goes by; 0 where it has none. */
  public synchronized long sizeAt(String server, String volume) {
    return recordAt(server, volume).map(ProtectionRecord::sizeBytes).orElse(0L);
  }

  /** Of the record that the server goes by; 0 where it has none. */
  public synchronized long versionAt(String server, String volume) {
    return recordAt(server, volume).map(ProtectionRecord::version).orElse(0L);
  }

  public synchronized Optional<ProtectionRecord> recordAt(String server, String volume) {
    return Optional.ofNullable(
        server.equals("c0") ? catalog.record(volume) : server(server).volumes.get(volume));
  }

  public synchronized List<Point> points(String volume) {
    return server("a0").points.of(volume);
  }

  public synchronized Set<String> holders() {
    return Set.copyOf(server("a0").holds.keySet());
  }

  /** State of each operation of a server, by id, in the order in which they began. */
  public synchronized Map<String, State> operations(String server) {
    Map<String, State> states = new LinkedHashMap<>();
    server(server).ledger.forEach((id, operation) -> states.put(id, operation.state));
    return states;
  }

  /** Whether no operation is running or parked, and nothing is reserved or held. */
  public synchronized boolean isSteady() {
    return catalog.held().isEmpty()
        && server("a0").holds.isEmpty()
        && servers.values().stream()
            .flatMap(server -> server.ledger.values().stream())
            .noneMatch(MemoryOperation::isOpen);
  }

  MemoryServer server(String name) {
    return servers.get(name);
  }

  boolean isDown(String server) {
    return down.contains(server);
  }

  // ---- Servers

  @Override
  public Reply call(String server, Command command) throws UnreachableException {
    int call = numbered();
    before(call, server, command);
    Reply reply = answered(server, command);
    after(call, server, command);
    return reply;
  }

  private synchronized int numbered() {
    return ++calls;
  }

  /** Outside the monitor: what a test does may take its time. */
  private void before(int call, String server, Command command) throws UnreachableException {
    Interruption what;
    synchronized (this) {
      what = before;
    }
    what.at(call, server, command);
  }

  private void after(int call, String server, Command command) throws UnreachableException {
    Interruption what;
    synchronized (this) {
      what = after;
    }
    what.at(call, server, command);
  }

  private synchronized Reply answered(String server, Command command) throws UnreachableException {
    if (down.contains(server)) {
      throw new UnreachableException(server + " at h:9: connection refused", null);
    }
    journal.add(server + " " + command.getClass().getSimpleName());
    if (refused.test(server, command)) return new Reply.Refused(refusal);
    try {
      return server.equals("c0") ? catalog.answer(command) : servers.get(server).answer(command);
    } catch (RefusedException e) {
      return new Reply.Refused(e.refusal());
    }
  }

  @Override
  public synchronized CatalogView catalog() {
    return catalog.view(time.now());
  }
}
