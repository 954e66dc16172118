package io.backstay.group;

import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the processes of the group alive until it is told to end; one per directory (rule K8). It
 * owns nothing that its successor could not find: when it dies they live on, and are adopted. It
 * stops them only if it was started for the life of another process and that has ended.
 */
public final class Supervisor {
  private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);
  static final Duration LOOK_EVERY = Duration.ofMillis(200);

  private static final int LOCK_TRIES_MAX = 10;

  /** What a process prints is little, unless it prints in a loop. */
  static final long PRINTED_BYTES_MAX = 8L << 20;

  private final Layout layout;
  private final Launch launch;
  private final Optional<Long> onlyWhile;
  private final ProcessTable table = ProcessTable.ofThisMachine();
  private final Processes processes;
  private final Time time;

  /**
   * @param onlyWhile a process at whose end the group is stopped
   */
  public Supervisor(Layout layout, Launch launch, Optional<Long> onlyWhile, Time time) {
    this.layout = layout;
    this.launch = launch;
    this.onlyWhile = onlyWhile;
    this.processes = new Processes(layout, table);
    this.time = time;
  }

  /** Returns at once if there is another supervisor, else when the process it lives for ended. */
  public void run() throws IOException, InterruptedException {
    Optional<DirectoryLock> lock = takeLock();
    if (lock.isEmpty()) {
      LOG.info("another supervisor serves {}", layout.directory());
      return;
    }
    try (DirectoryLock held = lock.get()) {
      processes.record(Member.SUPERVISOR, ProcessHandle.current().pid());
      LOG.info("supervising {}", layout.directory());
      keep();
    }
  }

  /** Others hold the lock for a moment to see whether there is a supervisor. */
  private Optional<DirectoryLock> takeLock() throws IOException, InterruptedException {
    for (int attempt = 0; attempt < LOCK_TRIES_MAX; attempt++) {
      Optional<DirectoryLock> lock = DirectoryLock.tryTake(layout.supervisorLock());
      if (lock.isPresent()) return lock;
      time.sleep(LOOK_EVERY);
    }
    return Optional.empty();
  }

  private void keep() throws IOException, InterruptedException {
    GroupFile group = GroupFile.read(layout);
    Optional<String> binary =
        group.temporal().embedded() ? TemporalServer.recordedBinary(layout) : Optional.empty();
    List<Member> members = Member.all(layout, group, launch, binary);
    List<Keeper> keepers =
        members.stream()
            .map(member ->
                new Keeper(member, precondition(member, group), layout, launch, processes, time))
            .toList();
    Optional<ProcessIdentity> other = onlyWhile.flatMap(table::find);
    Renewal renewal = new Renewal(layout, group, time);
    while (onlyWhile.isEmpty() || other.filter(table::alive).isPresent()) {
      keepers.forEach(Keeper::look);
      renewal.look();
      for (Member member : members) bound(layout.printed(member.name()));
      time.sleep(LOOK_EVERY);
    }
    LOG.info("process {} ended: stopping the group", onlyWhile.get());
    new Stop(processes, time).inOrder(Member.stopOrder(group), LOG::info);
  }

  private Keeper.Precondition precondition(Member member, GroupFile group) {
    return member.name().equals(group.catalog().name())
        ? new LostCatalog(layout, group)::look
        : Optional::empty;
  }

  /** The process appends to the file all the time, so the file is emptied and not replaced. */
  static void bound(Path printed) {
    try {
      if (!Files.exists(printed) || Files.size(printed) < PRINTED_BYTES_MAX) return;
      Path older = printed.resolveSibling(printed.getFileName() + ".1");
      Files.copy(printed, older, StandardCopyOption.REPLACE_EXISTING);
      FileChannel.open(printed, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
          .close();
    } catch (IOException e) {
      LOG.warn("{} could not be shortened: {}", printed, e.getMessage());
    }
  }
}
