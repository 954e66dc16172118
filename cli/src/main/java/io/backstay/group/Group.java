package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Starts and stops the group of one directory on this machine (rule K8). Both are idempotent, may
 * be interrupted anywhere, and then be run again.
 */
public final class Group {
  private static final Duration CHANGE_MAX = Duration.ofMinutes(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  private final Layout layout;
  private final Launch launch;
  private final Time time;
  private final Processes processes;

  public Group(Layout layout, Launch launch, Time time) {
    this.layout = layout;
    this.launch = launch;
    this.time = time;
    this.processes = new Processes(layout, ProcessTable.ofThisMachine());
  }

  /** How the servers of a group are asked, once the operator's certificate is made. */
  public interface Opening {
    Servers open(GroupFile group) throws IOException;
  }

  /**
   * Makes what is missing, starts what does not run, and returns when everything serves.
   *
   * @param say progress for people
   */
  public GroupFile up(Wish wish, Opening opening, Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    layout.make();
    try (DirectoryLock change = takeChange(say);
        Setup setup = new Setup(layout, time)) {
      // The one that lives knows the group as it was: it ends before that changes, so that none is
      // ever left that keeps fewer servers than the group has. The servers live on.
      if (setup.wouldAdd(wish)) endSupervisor(say);
      GroupFile group = setup.make(wish);
      Optional<Refusal> lost = new LostCatalog(layout, group).look();
      if (lost.isPresent()) throw new RefusedException(lost.get());
      // One that lives without a record is of a group whose directory was deleted, and may end now.
      boolean lives =
          processes.find(Member.TEMPORAL).isPresent()
              && TemporalServer.recordedBinary(layout).isPresent();
      if (group.temporal().embedded() && !lives) {
        new TemporalServer(layout, launch).require();
      }
      startSupervisor(wish.onlyWhile(), say);
      awaitServing(group, opening.open(group), say);
      return group;
    }
  }

  /**
   * Finds or builds the Temporal server that {@link #up} starts.
   *
   * @throws RefusedException {@code unreachable} when none can be had
   */
  public void requireTemporal() throws IOException, InterruptedException, RefusedException {
    layout.make();
    new TemporalServer(layout, launch).require();
  }

  private DirectoryLock takeChange(Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    long deadline = time.nanos() + CHANGE_MAX.toNanos();
    boolean said = false;
    while (true) {
      Optional<DirectoryLock> lock = DirectoryLock.tryTake(layout.changeLock());
      if (lock.isPresent()) return lock.get();
      if (!said) say.accept("another backstay starts or stops this group; waiting for it");
      said = true;
      if (time.nanos() - deadline > 0) throw busy();
      time.sleep(LOOK_EVERY);
    }
  }

  private RefusedException busy() {
    return new RefusedException(
        Refusal.of(RefusalCode.ALREADY_RUNNING, "another backstay starts or stops this group")
            .attempted("start or stop the group in " + layout.directory())
            .found(layout.changeLock() + " is held for " + CHANGE_MAX.toMinutes() + " minutes")
            .next("see what that one waits for, or end it"));
  }

  private void startSupervisor(Optional<Long> onlyWhile, Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    long deadline = time.nanos() + Readiness.MAX.toNanos();
    if (supervised()) return;
    say.accept("starting the supervisor");
    Process process =
        launch.startDetached(
            Member.supervisor(layout, launch, onlyWhile).command(),
            layout.directory(),
            layout.printed(Member.SUPERVISOR));
    while (!supervised()) {
      if (!process.isAlive() || time.nanos() - deadline > 0) {
        throw new RefusedException(
            Refusal.of(RefusalCode.OTHER, "the supervisor did not start")
                .attempted("start the supervisor of " + layout.directory())
                .found(process.isAlive() ? "it is not ready" : "it ended at once")
                .next("see " + layout.printed(Member.SUPERVISOR)));
      }
      time.sleep(LOOK_EVERY);
    }
  }

  private void endSupervisor(Consumer<String> say) throws InterruptedException, RefusedException {
    List<String> left = new Stop(processes, time).inOrder(List.of(Member.SUPERVISOR), say);
    if (left.isEmpty()) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.WRONG_STATE, "the supervisor does not end")
            .attempted("add servers to the group in " + layout.directory())
            .found(String.join(", ", left))
            .next(
                "see %s, end it, and give the command again"
                    .formatted(layout.log(Member.SUPERVISOR))));
  }

  /** The lock tells: it is held as long as the supervisor lives, and by nothing else. */
  private boolean supervised() throws IOException {
    Optional<DirectoryLock> lock = DirectoryLock.tryTake(layout.supervisorLock());
    if (lock.isPresent()) lock.get().close();
    return lock.isEmpty();
  }

  private void awaitServing(GroupFile group, Servers servers, Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    Readiness readiness = new Readiness(layout, group, servers, time);
    readiness.servers(role -> role == Role.CATALOG, say);
    seed(group, servers);
    readiness.servers(role -> role != Role.CATALOG && role != Role.WORKER, say);
    readiness.temporal(say);
    readiness.servers(role -> role == Role.WORKER, say);
    readiness.polled(ignored -> {});
  }

  /** The catalog learns who is who: what it does not know yet, or knows otherwise. */
  private static void seed(GroupFile group, Servers servers)
      throws IOException, InterruptedException, RefusedException {
    ServerRecord catalog = group.catalog();
    if (!(servers.call(catalog.name(), new Command.ReadCatalog())
        instanceof Reply.CatalogRecords records)) {
      throw new IOException(catalog.name() + " did not answer what it knows");
    }
    for (ServerRecord server : group.servers()) {
      if (records.servers().contains(server)) continue;
      long version = records.serverVersions().getOrDefault(server.name(), 0L);
      Reply reply = servers.call(catalog.name(), new Command.WriteServer(server, version));
      if (reply instanceof Reply.Refused refused) throw new RefusedException(refused.refusal());
    }
  }

  /** Whether any process of the group lives. */
  public boolean lives(GroupFile group) {
    return processes.find(Member.SUPERVISOR).isPresent()
        || Member.stopOrder(group).stream().anyMatch(name -> processes.find(name).isPresent());
  }

  /**
   * Stops the supervisor, then all others in order.
   *
   * @return what did not end in time and goes on, "s0 (pid 4711)"
   */
  public List<String> down(Consumer<String> say)
      throws IOException, InterruptedException, RefusedException {
    GroupFile group = GroupFile.read(layout);
    try (DirectoryLock change = takeChange(say)) {
      Stop stop = new Stop(processes, time);
      List<String> left = new ArrayList<>(stop.inOrder(List.of(Member.SUPERVISOR), say));
      left.addAll(stop.inOrder(Member.stopOrder(group), say));
      return left;
    }
  }

  /** Kills every process of the group without asking: what a killed demo left behind. */
  public void kill() throws IOException, InterruptedException {
    Stop stop = new Stop(processes, time);
    List<String> names = new ArrayList<>(List.of(Member.SUPERVISOR));
    if (layout.exists()) names.addAll(Member.stopOrder(GroupFile.read(layout)));
    for (String name : names) {
      for (ProcessIdentity process : processes.findAll(name)) stop.kill(process);
    }
  }

  /** The living process of a server, of "temporal" or of "supervisor". */
  public Optional<ProcessIdentity> process(String name) {
    return processes.find(name);
  }
}
