package io.backstay.export;

import io.backstay.export.ExportEntry.Phase;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.nbd.VolumeDoor;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.SharedMemories;
import io.backstay.seam.Time;
import io.backstay.volume.MetadataFile;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The points that an archive serves over NBD at once (rule X8): opens, closes and lists them, and
 * serves them again after a restart, at the same socket and with the same bytes.
 *
 * <p><b>Order.</b> Opening: the entry, the hold on the point (rule X10), the files of a writable
 * one, the entry as open, and only then a client. Closing: the clients, the entry as closing, the
 * files, the hold, and last the entry. Each step is durable before the next. So what a process that
 * died had begun stands in the list, and the next one takes back what is not open: nothing is held
 * or kept for nobody.
 */
public final class OpenExports {
  private static final Logger LOG = LoggerFactory.getLogger(OpenExports.class);

  /** Open at a time. */
  static final int EXPORTS_MAX = 16;

  /** Threads that read one point at a time. */
  private static final int READERS_MAX = 8;

  /** 16 MiB of pages; more than there are readers. */
  private static final int FRAMES = 256;

  private static final String LIST = "exports";

  /** Directory of the exports' own directories, by name. */
  private static final String FILES = "export-files";

  private final VolumeDoor door;
  private final Points points;
  private final Time time;
  private final ServedPoint.Ground ground;
  private final MetadataFile<ExportList> file;

  /** One is opened or closed at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, Served> served = new ConcurrentHashMap<>();
  private final Map<String, String> troubles = new ConcurrentHashMap<>();
  private volatile ExportList list = ExportList.EMPTY;

  private record Served(ServedPoint point, String nbdUri) {}

  /**
   * @param server directory of the archive
   * @param memories for the name of this life of the machine
   */
  public OpenExports(
      Directory server,
      Devices devices,
      SharedMemories memories,
      Time time,
      VolumeDoor door,
      Points points)
      throws IOException {
    this(server, devices, memories, time, door, points, FRAMES);
  }

  /**
   * @param frames pages that are kept, at least as many as there are readers
   */
  OpenExports(
      Directory server,
      Devices devices,
      SharedMemories memories,
      Time time,
      VolumeDoor door,
      Points points,
      int frames)
      throws IOException {
    this.door = door;
    this.points = points;
    this.time = time;
    this.file = new MetadataFile<>(server, LIST, ExportList.class);
    Directory files = server.child(FILES);
    server.sync();
    this.ground =
        new ServedPoint.Ground(files, devices, memories, time, new PageCache(frames), READERS_MAX);
  }

  /** Takes back what was begun and serves the rest again, soon. */
  public void start() throws IOException {
    list = file.load().orElse(ExportList.EMPTY);
    for (ExportEntry entry : list.exports()) {
      if (entry.phase() == Phase.OPEN) time.fork("open " + entry.name(), () -> serveAgain(entry));
      else takeBack(entry);
    }
  }

  /** Unless it was closed meanwhile. */
  private void serveAgain(ExportEntry entry) {
    lock.lock();
    try {
      if (list.find(entry.name()).equals(Optional.of(entry)) && !served.containsKey(entry.name()))
        serve(entry);
    } catch (IOException | RefusedException | RuntimeException e) {
      LOG.error("export {} of {} is not served", entry.name(), entry.description(), e);
    } finally {
      lock.unlock();
    }
  }

  /** Lets all clients go; what they wrote stays. */
  public void stop() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      for (String name : List.copyOf(served.keySet())) {
        ServedPoint point = withdraw(name).orElseThrow();
        flush(name, point);
        close(name, point);
      }
    } finally {
      lock.unlock();
    }
  }

  // ---- commands

  /**
   * Serves a point; durable when it returns. One that is open as wanted already is answered again.
   *
   * @throws RefusedException already-exists where another export has the name, or as {@link
   *     Points#hold} does
   */
  public Reply.ExportFacts open(Command.OpenExport wanted)
      throws RefusedException, IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      Optional<ExportEntry> known = list.find(wanted.name());
      if (known.isEmpty()) return facts(openNew(wanted));
      ExportEntry same = same(known.get(), wanted);
      if (!served.containsKey(same.name())) serve(same);
      return facts(same);
    } finally {
      lock.unlock();
    }
  }

  private static ExportEntry same(ExportEntry known, Command.OpenExport wanted)
      throws RefusedException {
    if (known.phase() == Phase.OPEN && known.isAsWanted(wanted)) return known;
    throw new RefusedException(
        Refusal.of(RefusalCode.ALREADY_EXISTS, "there is another export of that name")
            .attempted(
                "export %s at gid %d as %s".formatted(wanted.volume(), wanted.gid(), wanted.name()))
            .found(known.description())
            .next("close that one, or choose another name"));
  }

  private ExportEntry openNew(Command.OpenExport wanted) throws RefusedException, IOException {
    if (list.exports().size() >= EXPORTS_MAX)
      throw new RefusedException(
          Refusal.of(RefusalCode.WRONG_STATE, "too many exports are open")
              .attempted("export %s at gid %d".formatted(wanted.volume(), wanted.gid()))
              .found("%d, the limit".formatted(EXPORTS_MAX))
              .next("close one"));
    ExportEntry entry = ExportEntry.of(wanted, time.now());
    publish(list.with(entry));
    try {
      points.hold(entry.volume(), entry.gid(), entry.holder());
      if (entry.writable()) makeFiles(entry);
      ExportEntry open = entry.in(Phase.OPEN);
      publish(list.with(open));
      serve(open);
      return open;
    } catch (RefusedException | IOException e) {
      takeBack(entry);
      throw e;
    }
  }

  private void makeFiles(ExportEntry entry) throws RefusedException, IOException {
    try (PointReader reader = points.open(entry.volume(), entry.gid())) {
      ground.make(entry, reader.sizeBytes());
    }
  }

  private void serve(ExportEntry entry) throws RefusedException, IOException {
    String name = entry.name();
    try {
      PointReader reader = points.open(entry.volume(), entry.gid());
      ServedPoint point;
      try {
        point = ground.open(entry, reader);
      } catch (IOException | RuntimeException e) {
        reader.close();
        throw e;
      }
      served.put(name, new Served(point, openDoor(point)));
      troubles.remove(name);
      LOG.info("export {} of {} is served", name, entry.description());
    } catch (RefusedException | IOException e) {
      troubles.put(name, "it is not served: " + e.getMessage());
      throw e;
    }
  }

  private String openDoor(ServedPoint point) throws IOException {
    try {
      return door.open(point.export());
    } catch (IOException | RuntimeException e) {
      close(point.export().name(), point);
      throw e;
    }
  }

  /** Lets its clients go and forgets what they wrote. There is none: nothing happens. */
  public void close(Command.CloseExport command)
      throws RefusedException, IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      Optional<ExportEntry> entry = list.find(command.name());
      if (entry.isEmpty()) return;
      if (!entry.get().volume().equals(command.volume()))
        throw new RefusedException(
            RefusalCode.NOT_FOUND,
            "the export %s is of the volume %s".formatted(command.name(), entry.get().volume()));
      withdraw(command.name()).ifPresent(point -> close(command.name(), point));
      takeBack(entry.get());
    } finally {
      lock.unlock();
    }
  }

  /** Undoes what was durably begun, in the order that the class comment tells. */
  private void takeBack(ExportEntry entry) throws IOException {
    publish(list.with(entry.in(Phase.CLOSING)));
    ground.delete(entry);
    points.release(entry.volume(), entry.holder());
    publish(list.without(entry.name()));
    troubles.remove(entry.name());
  }

  private void publish(ExportList next) throws IOException {
    file.publish(next);
    list = next;
  }

  /** Lets its clients go; empty where it is not served. */
  private Optional<ServedPoint> withdraw(String name) {
    door.close(name);
    return Optional.ofNullable(served.remove(name)).map(Served::point);
  }

  private static void flush(String name, ServedPoint point) {
    try {
      point.flush();
    } catch (IOException e) {
      LOG.error("export {} was not stopped in order; what was flushed stays", name, e);
    }
  }

  private static void close(String name, ServedPoint point) {
    try {
      point.close();
    } catch (IOException e) {
      LOG.warn("export {} was not closed in order", name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public List<Reply.ExportFacts> list(Optional<String> volume) {
    return list.exports().stream()
        .filter(entry -> volume.isEmpty() || volume.get().equals(entry.volume()))
        .map(this::facts)
        .toList();
  }

  private Reply.ExportFacts facts(ExportEntry entry) {
    Optional<Served> now = Optional.ofNullable(served.get(entry.name()));
    return new Reply.ExportFacts(
        entry.name(),
        entry.volume(),
        entry.gid(),
        entry.writable(),
        now.map(Served::nbdUri),
        entry.since(),
        now.flatMap(one -> one.point().trouble())
            .or(() -> Optional.ofNullable(troubles.get(entry.name()))));
  }
}
