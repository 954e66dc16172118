package io.backstay.catalog;

import io.backstay.catalog.LogFile.Contents;
import io.backstay.catalog.LogFile.Entry;
import io.backstay.catalog.LogFile.Kind;
import io.backstay.seam.AppendFile;
import io.backstay.seam.Directory;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable side of the catalog: a snapshot of the state and a log of what changed since, both of
 * the same generation, in a directory that nothing else uses. The bytes are drawn in {@link
 * LogFile}.
 *
 * <p><b>Appending.</b> One entry is written and synced, then the next. After any failure the log is
 * given up: what a failed sync left on the disk is not known, and a second sync may say that all is
 * well although nothing was written.
 *
 * <p><b>Rotating</b> starts the next generation, when the log has grown large, was given up, or was
 * written by an earlier process (whose failed sync nobody remembers):
 *
 * <ol>
 *   <li>{@code log-N+1} with its header only, synced, directory synced;
 *   <li>{@code snapshot-N+1} by temporary name, sync, rename, sync of the directory: from here on
 *       generation N+1 is the catalog;
 *   <li>{@code snapshot-N} and {@code log-N} are deleted: the new snapshot replaces both.
 * </ol>
 *
 * <p>The log comes before the snapshot, so a snapshot whose log is missing is never the mark of a
 * crash: it is damage, and refused like damage elsewhere. A crash between the steps leaves files
 * that the next start recognises and that hold nothing which is not also elsewhere.
 *
 * <p>One thread at a time.
 */
final class RecordLog {
  private static final Logger LOG = LoggerFactory.getLogger(RecordLog.class);

  private final Directory directory;
  private final long bytesMax;
  private long generation;
  private Optional<AppendFile> file = Optional.empty();
  private volatile long sizeBytes;

  /**
   * @param snapshot the state that the entries start from; empty when there was none, as in a
   *     directory without a catalog
   */
  record Recovered(Optional<Entry> snapshot, List<Entry> entries) {
    private static final Recovered NOTHING = new Recovered(Optional.empty(), List.of());
  }

  /**
   * @param bytesMax size of the log in bytes at which it wants to be rotated
   */
  RecordLog(Directory directory, long bytesMax) {
    this.directory = directory;
    this.bytesMax = bytesMax;
  }

  /** Reads what is durable without changing it. Appending needs a {@link #rotate} first. */
  Recovered recover() throws IOException {
    List<String> names = directory.list();
    Optional<Long> current = newest(names, Kind.SNAPSHOT);
    Optional<Long> newestLog = newest(names, Kind.LOG);
    generation = Math.max(current.orElse(0L), newestLog.orElse(0L));
    refuseOrphans(names, current.orElse(0L));
    if (current.isEmpty()) return Recovered.NOTHING;

    Entry snapshot = readSnapshot(current.get());
    Contents log = readLog(current.get());
    if (log.tornBytes() > 0) {
      LOG.warn(
          "cut off {} bytes at the end of {}: an interrupted write, which nobody was told of",
          log.tornBytes(),
          place(Kind.LOG, current.get()));
    }
    return new Recovered(Optional.of(snapshot), log.entries());
  }

  private static Optional<Long> newest(List<String> names, Kind kind) {
    return names.stream().flatMap(name -> kind.generation(name).stream()).max(Long::compare);
  }

  /** A log without its snapshot is what rotating leaves behind only while it is empty. */
  private void refuseOrphans(List<String> names, long current) throws IOException {
    for (String name : names) {
      Optional<Long> orphan = Kind.LOG.generation(name).filter(number -> number > current);
      if (orphan.isPresent() && LogFile.hasEntry(directory.read(name))) {
        throw new DamagedLogException(
            "%s holds entries but %s is not there"
                .formatted(place(Kind.LOG, orphan.get()), Kind.SNAPSHOT.fileName(orphan.get())));
      }
    }
  }

  private Entry readSnapshot(long number) throws IOException {
    String where = place(Kind.SNAPSHOT, number);
    byte[] bytes = directory.read(Kind.SNAPSHOT.fileName(number));
    Contents contents = LogFile.read(where, Kind.SNAPSHOT, number, bytes);
    if (contents.entries().size() != 1 || contents.tornBytes() != 0) {
      throw new DamagedLogException(
          "%s has %d entries and %d bytes behind them, expected exactly one entry"
              .formatted(where, contents.entries().size(), contents.tornBytes()));
    }
    return contents.entries().getFirst();
  }

  private Contents readLog(long number) throws IOException {
    String where = place(Kind.LOG, number);
    String name = Kind.LOG.fileName(number);
    if (!directory.has(name)) {
      throw new DamagedLogException(where + " is missing although its snapshot is there");
    }
    return LogFile.read(where, Kind.LOG, number, directory.read(name));
  }

  private String place(Kind kind, long number) {
    return kind.fileName(number) + " in " + directory.description();
  }

  /** True when {@link #append} cannot or should not be used before the next {@link #rotate}. */
  boolean wantsRotation() {
    return file.isEmpty() || sizeBytes >= bytesMax;
  }

  /** Appends one entry; durable when it returns. */
  void append(Entry entry) throws IOException {
    AppendFile log =
        file.orElseThrow(() -> new IllegalStateException("append to a log that was given up"));
    boolean durable = false;
    try {
      log.append(LogFile.entry(entry));
      log.sync();
      sizeBytes = log.sizeBytes();
      durable = true;
    } finally {
      if (!durable) giveUp();
    }
  }

  /** Starts the next generation with this state; durable when it returns. */
  void rotate(Entry state) throws IOException {
    giveUp();
    long next = ++generation; // a number is never used twice, not even after a failure
    createLog(next);
    boolean durable = false;
    try {
      directory.publish(Kind.SNAPSHOT.fileName(next), LogFile.snapshot(next, state));
      durable = true;
    } finally {
      if (!durable) giveUp();
    }
    deleteReplaced(next, state.revision());
  }

  private void createLog(long number) throws IOException {
    AppendFile log = directory.append(Kind.LOG.fileName(number));
    file = Optional.of(log);
    boolean durable = false;
    try {
      log.append(LogFile.header(Kind.LOG, number));
      log.sync();
      directory.sync();
      sizeBytes = log.sizeBytes();
      durable = true;
    } finally {
      if (!durable) giveUp();
    }
  }

  /**
   * The generation {@code current} is durable: its snapshot replaces what lies beside it. What
   * cannot be deleted now is deleted by the next rotation, and harmless until then.
   */
  private void deleteReplaced(long current, long revision) {
    try {
      for (String name : directory.list()) {
        if (!isOlder(name, current)) continue;
        LOG.info(
            "delete {}: {} replaces it, with everything up to revision {}",
            name,
            place(Kind.SNAPSHOT, current),
            revision);
        directory.delete(name);
      }
    } catch (IOException e) {
      LOG.warn("could not delete what {} replaced", place(Kind.SNAPSHOT, current), e);
    }
  }

  /** Of an older generation, or the temporary file of a snapshot that was never published. */
  private static boolean isOlder(String name, long current) {
    return Stream.of(Kind.LOG, Kind.SNAPSHOT)
        .flatMap(kind -> kind.generation(name.replaceFirst("\\.tmp$", "")).stream())
        .anyMatch(number -> number < current);
  }

  /** Closes the file; the next write must rotate. */
  void giveUp() {
    Optional<AppendFile> old = file;
    file = Optional.empty();
    try {
      if (old.isPresent()) old.get().close();
    } catch (IOException e) {
      LOG.warn("closing {} failed, it is not used any more", place(Kind.LOG, generation), e);
    }
  }

  /** Size of the current log in bytes. */
  long sizeBytes() {
    return sizeBytes;
  }
}
