package io.backstay.history;

import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A directory that is made when the first file comes into it: volumes without a log never have one.
 */
final class LateDirectory implements Directory {
  private final Directory parent;
  private final String name;
  private final ReentrantLock making = new ReentrantLock();
  private volatile Optional<Directory> made = Optional.empty();

  LateDirectory(Directory parent, String name) {
    this.parent = parent;
    this.name = name;
  }

  /** With its name durable, so that nothing in it is lost with that. */
  private Directory make() throws IOException {
    making.lock();
    try {
      if (made.isEmpty()) {
        Directory fresh = parent.child(name);
        parent.sync();
        made = Optional.of(fresh);
      }
      return made.get();
    } finally {
      making.unlock();
    }
  }

  private Directory existing(String file) throws NoSuchFileException {
    return made.orElseThrow(() -> new NoSuchFileException(description() + "/" + file));
  }

  @Override
  public String description() {
    return parent.description() + "/" + name;
  }

  @Override
  public Directory child(String child) throws IOException {
    return make().child(child);
  }

  @Override
  public List<String> list() throws IOException {
    return made.isPresent() ? made.get().list() : List.of();
  }

  @Override
  public boolean has(String file) throws IOException {
    return made.isPresent() && made.get().has(file);
  }

  @Override
  public byte[] read(String file) throws IOException {
    return existing(file).read(file);
  }

  @Override
  public AppendFile append(String file) throws IOException {
    return make().append(file);
  }

  @Override
  public BlockDevice createDevice(String file, long sizeBytes) throws IOException {
    return make().createDevice(file, sizeBytes);
  }

  @Override
  public BlockDevice openDevice(String file) throws IOException {
    return existing(file).openDevice(file);
  }

  @Override
  public void rename(String from, String to) throws IOException {
    existing(from).rename(from, to);
  }

  @Override
  public void delete(String file) throws IOException {
    if (made.isPresent()) made.get().delete(file);
  }

  @Override
  public void sync() throws IOException {
    if (made.isPresent()) made.get().sync();
  }

  @Override
  public long usableBytes() throws IOException {
    return parent.usableBytes();
  }
}
