package io.backstay.export;

import io.backstay.nbd.Export;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.seam.SharedMemories;
import io.backstay.seam.Time;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** The parts of an export that is being served. */
sealed interface ServedPoint {
  Export export();

  /** What keeps it from working, although it is served. */
  Optional<String> trouble();

  /** What was written is durable when it returns. */
  void flush() throws IOException;

  /** Nobody is connected any more. */
  void close() throws IOException, InterruptedException;

  record ReadOnly(PointExport export, CachedPoint point) implements ServedPoint {
    @Override
    public Optional<String> trouble() {
      return Optional.empty();
    }

    @Override
    public void flush() {}

    @Override
    public void close() throws IOException, InterruptedException {
      point.close();
    }
  }

  record Writable(WritableExport export, WriteLayer layer, CachedPoint point)
      implements ServedPoint {
    @Override
    public Optional<String> trouble() {
      return layer.failure().map(cause -> "writes fail: " + cause.getMessage());
    }

    @Override
    public void flush() throws IOException {
      layer.flush();
    }

    @Override
    public void close() throws IOException, InterruptedException {
      export.finish();
      try {
        layer.close();
      } finally {
        point.close();
      }
    }
  }

  /** Where exports keep what is theirs, and what they share. */
  record Ground(
      Directory directory,
      Devices devices,
      SharedMemories memories,
      Time time,
      PageCache cache,
      int readersMax) {

    ServedPoint open(ExportEntry entry, PointReader reader) throws IOException {
      Crew readers = new Crew(time, entry.name() + "/read", readersMax);
      CachedPoint point = new CachedPoint(entry.name(), reader, cache, readers);
      if (!entry.writable())
        return new ReadOnly(new PointExport(entry.name(), entry.description(), point), point);
      WriteLayer layer = WriteLayer.open(own(entry), devices, memories.bootId(), new Under(point));
      return new Writable(
          new WritableExport(entry.name(), entry.description(), point, layer, time), layer, point);
    }

    /** Makes what a writable export writes to, instead of whatever there is; durable. */
    void make(ExportEntry entry, long sizeBytes) throws IOException {
      delete(entry);
      Directory own = own(entry);
      directory.sync();
      WriteLayer.create(own, sizeBytes);
    }

    void delete(ExportEntry entry) throws IOException {
      directory.delete(entry.name());
      directory.sync();
    }

    private Directory own(ExportEntry entry) throws IOException {
      return directory.child(entry.name());
    }
  }

  /** The point under what is written over it. */
  record Under(CachedPoint point) implements WriteLayer.Below {
    @Override
    public long sizeBytes() {
      return point.sizeBytes();
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
      point.readWaiting(offset, into);
    }
  }
}
