package io.backstay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.BufferPool;
import io.backstay.seam.Devices;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import io.backstay.volume.MetadataFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** A machine: its disks, its clock, and the servers that live on it. */
public final class SimulatedNode {
  public static final String STATE = "/state";

  /** What somebody who sees everything does with the disk: no faults, no time, no trace. */
  public interface Look<T> {
    T at(MemoryDisk.Mount mount) throws IOException;
  }

  private final String name;
  private final MemoryDisk disk;
  private final ByteBuffer scratch = BufferPool.aligned(Image.RANGE_BYTES);
  private final List<SimulatedServer> servers = new ArrayList<>();
  private MemoryDisk.Mount omniscient;
  private boolean looking;
  private long clockAheadNanos;
  private int losses;

  /**
   * @param hook hears of each operation of a server before it happens
   */
  SimulatedNode(String name, int alignmentBytes, Consumer<String> hook) {
    this.name = name;
    this.disk = new MemoryDisk(alignmentBytes);
    this.omniscient = disk.mount("world on " + name);
    makeDirectories();
    disk.beforeEachOperation(operation -> {
      if (!looking) hook.accept(operation);
    });
  }

  public String name() {
    return name;
  }

  public MemoryDisk disk() {
    return disk;
  }

  void add(SimulatedServer server) {
    servers.add(server);
  }

  public List<SimulatedServer> servers() {
    return List.copyOf(servers);
  }

  public long clockAheadNanos() {
    return clockAheadNanos;
  }

  public void clockJumps(long nanos) {
    clockAheadNanos += nanos;
  }

  /** How often power was lost here. */
  public int powerLosses() {
    return losses;
  }

  /** All servers die, and what they had not made durable meets its fate. */
  public void losePower(RandomGenerator random) {
    losses++;
    servers.forEach(SimulatedServer::die);
    disk.powerLoss(random);
    omniscient = disk.mount("world on " + name);
  }

  /** All servers die, and find an empty disk. */
  public void loseDisk() {
    servers.forEach(SimulatedServer::die);
    disk.loss();
    omniscient = disk.mount("world on " + name);
    makeDirectories();
  }

  /** Those that a user's paths lie in. */
  private void makeDirectories() {
    for (String made : List.of("/dev", "/restore")) disk.mount("mkdir").directory(made);
  }

  public <T> T look(Look<T> look) throws IOException {
    looking = true;
    disk.faultsAct(false);
    try {
      return look.at(omniscient);
    } finally {
      disk.faultsAct(true);
      looking = false;
    }
  }

  /** Names in a directory below the state, none where there is no such directory. */
  public List<String> list(String... path) throws IOException {
    return look(mount -> {
      Optional<Directory> directory = directory(mount, path);
      return directory.isPresent() ? directory.get().list() : List.of();
    });
  }

  private static Optional<Directory> directory(MemoryDisk.Mount mount, String... path)
      throws IOException {
    Directory at = mount.directory(STATE);
    for (String name : path) {
      if (!at.has(name)) return Optional.empty();
      at = at.child(name);
    }
    return Optional.of(at);
  }

  /** A server's metadata file, if it is there. */
  public Optional<JsonNode> metadata(String file, String... path) throws IOException {
    return look(mount -> {
      Optional<Directory> directory = directory(mount, path);
      return directory.isPresent()
          ? new MetadataFile<>(directory.get(), file, JsonNode.class).load()
          : Optional.empty();
    });
  }

  /** Space that all files take. */
  public long usedBytes() throws IOException {
    long much = 1L << 50;
    disk.capacity(much);
    looking = true;
    try {
      return much - omniscient.directory("/").usableBytes();
    } finally {
      looking = false;
      disk.capacity(Long.MAX_VALUE);
    }
  }

  public boolean isDirectory(String path) {
    try {
      sizeBytes(path);
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Size of a file or device; 0 where nothing is. */
  public long sizeBytes(String path) throws IOException {
    return look(mount -> mount.devices().examine(path).sizeBytes());
  }

  /** The bytes of a file or device, at most {@code lengthBytes} of them. */
  public byte[] read(String path, long offset, int lengthBytes) throws IOException {
    return look(mount -> {
      try (BlockDevice device = mount.devices().openReadOnly(path)) {
        int length = (int) Math.max(0, Math.min(lengthBytes, device.sizeBytes() - offset));
        int aligned = length + device.alignmentBytes() - 1 & -device.alignmentBytes();
        ByteBuffer buffer = scratch.clear().limit(aligned);
        if (offset + aligned > device.sizeBytes()) buffer.limit(length);
        device.read(offset, buffer);
        byte[] bytes = new byte[length];
        buffer.get(0, bytes);
        return bytes;
      }
    });
  }

  /** All bytes of a file. */
  public byte[] bytes(String path) throws IOException {
    byte[] all = new byte[(int) sizeBytes(path)];
    for (int at = 0; at < all.length; at += Image.RANGE_BYTES) {
      byte[] range = read(path, at, Image.RANGE_BYTES);
      System.arraycopy(range, 0, all, at, range.length);
    }
    return all;
  }

  void write(String path, long offset, byte[] bytes) throws IOException {
    look(mount -> {
      try (BlockDevice device = mount.devices().openWritable(path)) {
        device.write(offset, scratch.clear().put(bytes).flip());
        device.flush();
        return bytes;
      }
    });
  }

  /** A new file or block device of zeroes. */
  public void make(String path, boolean blockDevice, long sizeBytes) throws IOException {
    if (blockDevice) disk.addBlockDevice(path, sizeBytes);
    else
      look(mount -> {
        Devices devices = mount.devices();
        devices.create(path, sizeBytes).close();
        return devices;
      });
  }
}
