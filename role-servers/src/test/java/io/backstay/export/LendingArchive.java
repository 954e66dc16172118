package io.backstay.export;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Directory;
import io.backstay.twin.MemoryDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/** One point, of vol0 at gid 7, and its holds, which are files of a disk. */
final class LendingArchive implements Points {
  static final int SIZE_BYTES = 6 * PointReader.PAGE_BYTES;

  private final MemoryDisk disk;
  final MemoryPoint point = MemoryPoint.random(SIZE_BYTES, 1);
  volatile boolean damaged;

  LendingArchive(MemoryDisk disk) {
    this.disk = disk;
  }

  private Directory directory() throws IOException {
    Directory directory = disk.directory("/state").child("holds");
    disk.directory("/state").sync();
    return directory;
  }

  @Override
  public void hold(String volume, long gid, String holder) throws RefusedException, IOException {
    require(volume, gid);
    directory().publish(fileOf(holder), Long.toString(gid).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void release(String volume, String holder) throws IOException {
    Directory directory = directory();
    directory.delete(fileOf(holder));
    directory.sync();
  }

  private static String fileOf(String holder) {
    return holder.replace("export/", "hold-");
  }

  /** Who holds which gid. */
  TreeMap<String, String> holds() throws IOException {
    TreeMap<String, String> holds = new TreeMap<>();
    for (String name : directory().list()) {
      if (name.endsWith(".tmp")) continue;
      holds.put(name, new String(directory().read(name), StandardCharsets.UTF_8));
    }
    return holds;
  }

  @Override
  public PointReader open(String volume, long gid) throws RefusedException, IOException {
    require(volume, gid);
    if (damaged) throw new IOException("a test's image is damaged");
    return new MemoryPoint(point.bytes);
  }

  private static void require(String volume, long gid) throws RefusedException {
    if (!volume.equals("vol0") || gid != 7)
      throw new RefusedException(RefusalCode.POINT_NOT_REACHABLE, "there is no such point");
  }
}
