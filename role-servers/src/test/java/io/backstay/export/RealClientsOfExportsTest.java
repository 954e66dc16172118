package io.backstay.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.backstay.device.FileDirectory;
import io.backstay.device.LinuxDevices;
import io.backstay.device.LinuxSharedMemories;
import io.backstay.nbd.Export;
import io.backstay.nbd.NbdLimits;
import io.backstay.nbd.NbdListener;
import io.backstay.nbd.NbdServer;
import io.backstay.nbd.RawClient;
import io.backstay.nbd.Tools;
import io.backstay.nbd.VolumeDoor;
import io.backstay.nbd.WriteCache;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Other people's NBD clients, and files of a real file system. */
@Timeout(120)
class RealClientsOfExportsTest {
  private static final int SIZE_BYTES = 24 << 20;

  @TempDir Path directory;
  private Path point;
  private Served served;

  @BeforeEach
  void serve() throws IOException, InterruptedException {
    point = directory.resolve("point");
    Random random = new Random(1);
    byte[] bytes = new byte[5 << 20];
    random.nextBytes(bytes);
    try (RandomAccessFile file = new RandomAccessFile(point.toFile(), "rw")) {
      file.write(bytes);
      file.seek(9 << 20);
      file.write(bytes, 0, 512 * 777);
      file.setLength(SIZE_BYTES);
    }
    served = new Served();
  }

  @AfterEach
  void stop() throws InterruptedException {
    served.close();
  }

  /** One process of an archive whose one point is that file. */
  private final class Served implements Points {
    final LinuxDevices devices = new LinuxDevices(Time.system());
    final Door door = new Door();
    final OpenExports exports;

    Served() throws IOException {
      Path state = Files.createDirectories(directory.resolve("state"));
      exports =
          new OpenExports(
              FileDirectory.at(state),
              devices,
              LinuxSharedMemories.ofThisMachine(),
              Time.system(),
              door,
              this);
      exports.start();
    }

    @Override
    public void hold(String volume, long gid, String holder) {}

    @Override
    public void release(String volume, String holder) {}

    @Override
    public PointReader open(String volume, long gid) throws IOException {
      return new FilePoint(devices.openReadOnly(point.toString()));
    }

    void close() throws InterruptedException {
      exports.stop();
      door.server.close();
    }
  }

  private record FilePoint(BlockDevice device) implements PointReader {
    @Override
    public long sizeBytes() {
      return device.sizeBytes();
    }

    @Override
    public long nextData(long offset) throws IOException {
      long aligned = offset / PAGE_BYTES * PAGE_BYTES;
      return Math.max(offset, device.nextData(aligned));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
      device.read(offset, into);
    }

    @Override
    public void close() throws IOException {
      device.close();
    }
  }

  private final class Door implements VolumeDoor {
    final NbdServer server =
        new NbdServer(Time.system(), NbdLimits.DEFAULT, new SimpleMeterRegistry());
    private final Map<String, NbdListener> listeners = new ConcurrentHashMap<>();

    @Override
    public String open(Export export) throws IOException {
      server.add(export, WriteCache.DURABLE);
      NbdListener listener = server.listenUnix(socket(export.name()), export.name());
      listeners.put(export.name(), listener);
      return listener.uri(export.name());
    }

    @Override
    public void close(String volume) {
      NbdListener listener = listeners.remove(volume);
      if (listener == null) return;
      listener.close();
      server.remove(volume);
    }
  }

  private Path socket(String export) {
    return directory.resolve(export + ".sock");
  }

  private String export(String name, boolean writable) throws Exception {
    return served
        .exports
        .open(new Command.OpenExport("vol0", 7, name, writable))
        .nbdUri()
        .orElseThrow();
  }

  /** Stops in order and begins again; answers when the export is served. */
  private void restart(String name) throws Exception {
    served.close();
    served = new Served();
    // Waits for the thread that serves it, or does it itself.
    export(name, true);
  }

  private RawClient client(String name) throws IOException {
    return RawClient.using(name, UnixDomainSocketAddress.of(socket(name)));
  }

  @Test
  void nbdinfoSeesAReadOnlyExportAndItsHoles() throws Exception {
    Tools.need("nbdinfo");
    String uri = export("reading", false);
    JsonNode seen =
        new ObjectMapper().readTree(Tools.run("nbdinfo", "--json", uri)).get("exports").get(0);
    assertThat(seen.get("export-size").asLong()).isEqualTo(SIZE_BYTES);
    assertThat(seen.get("is_read_only").asBoolean()).isTrue();
    assertThat(seen.get("can_multi_conn").asBoolean()).isTrue();
    JsonNode map = new ObjectMapper().readTree(Tools.run("nbdinfo", "--map", "--json", uri));
    assertThat(map.get(0).get("length").asInt()).isEqualTo(5 << 20);
    assertThat(map.get(1).get("length").asInt()).isEqualTo(4 << 20);
    assertThat(map.get(1).get("description").asText()).isEqualTo("hole,zero");
  }

  @Test
  void nbdcopyAndQemuImgReadThePoint() throws Exception {
    Tools.need("nbdcopy", "qemu-img");
    Path out = directory.resolve("out");
    Tools.run("nbdcopy", "--connections=4", export("reading", false), out.toString());
    assertThat(Files.mismatch(point, out)).isEqualTo(-1);
    Tools.run("qemu-img", "compare", "-f", "raw", "-F", "raw", point.toString(), export("w", true));
  }

  @Test
  void qemuIoWritesDiscardsAndZeroesAndTheNextProcessHasIt() throws Exception {
    Tools.need("qemu-io");
    String uri = export("writing", true);
    String[] writes = {
      "write -P 0x5a 4608 256k",
      "write -f -P 0x11 512k 64k",
      "flush",
      "discard 16k 16k",
      "write -z 64k 4k",
      "write -z -u 72k 4k",
      "write -P 0x77 3M 16M"
    };
    String[] reads = {
      "read -P 0x5a 4608 11776", "read -P 0 16k 16k", "read -P 0x5a 32k 32k", "read -P 0 64k 4k",
      "read -P 0x5a 68k 4k", "read -P 0 72k 4k", "read -P 0x11 512k 64k", "read -P 0x77 3M 16M"
    };
    assertThat(qemuIo(uri, writes)).contains("wrote 16777216/16777216");
    qemuIo(uri, reads);
    restart("writing");
    qemuIo(uri, reads);
    assertThat(Files.size(point)).isEqualTo(SIZE_BYTES);
  }

  private static String qemuIo(String uri, String... commands) throws Exception {
    List<String> words = new ArrayList<>(List.of("qemu-io", "-f", "raw", uri));
    for (String command : commands) words.addAll(List.of("-c", command));
    String said = Tools.run(words.toArray(String[]::new));
    assertThat(said).doesNotContain("failed");
    return said;
  }

  @Test
  void fioFindsWhatItWrote() throws Exception {
    Tools.need("fio");
    String said =
        Tools.run(
            "fio",
            "--name=verify",
            "--ioengine=nbd",
            "--uri=" + export("writing", true),
            "--rw=randwrite",
            "--bsrange=512-128k",
            "--bs_unaligned=0",
            "--blockalign=512",
            "--iodepth=16",
            "--size=" + SIZE_BYTES,
            "--io_size=32m",
            "--verify=crc32c",
            "--verify_fatal=1",
            "--verify_state_save=0");
    assertThat(said).contains("err= 0");
  }

  @Test
  void aFileSystemIsMadeOnAnExportAndIsWholeInTheNextProcess() throws Exception {
    Tools.need("nbdfuse", "fusermount3", "mkfs.ext4", "e2fsck", "nbdcopy");
    assumeThat(Files.isWritable(Path.of("/dev/fuse"))).as("/dev/fuse").isTrue();
    String uri = export("writing", true);
    Path disk = Files.createFile(directory.resolve("disk"));
    Process fuse = new ProcessBuilder("nbdfuse", disk.toString(), uri).inheritIO().start();
    try {
      while (Files.size(disk) != SIZE_BYTES) assertThat(fuse.isAlive()).isTrue();
      Tools.run("mkfs.ext4", "-q", "-F", "-d", state().toString(), disk.toString());
    } finally {
      Tools.run("fusermount3", "-u", disk.toString());
      fuse.waitFor();
    }
    restart("writing");
    Path out = directory.resolve("out");
    Tools.run("nbdcopy", uri, out.toString());
    Tools.run("e2fsck", "-f", "-n", out.toString());
  }

  /** Some files for the file system. */
  private Path state() throws IOException {
    Path files = Files.createDirectory(directory.resolve("files"));
    Files.write(files.resolve("a"), new byte[1 << 20]);
    Files.copy(point, files.resolve("b"));
    return files;
  }

  @Test
  void whatOneConnectionWroteAnotherReadsAndEachProcessHasTheSameBytes() throws Exception {
    export("writing", true);
    byte[] bytes = new byte[9 * 512];
    Arrays.fill(bytes, (byte) 6);
    try (RawClient one = client("writing");
        RawClient two = client("writing")) {
      one.store(3 * 512, bytes);
      assertThat(two.read(3 * 512, bytes.length)).isEqualTo(bytes);
      two.store(1 << 20, bytes);
      assertThat(one.read(1 << 20, bytes.length)).isEqualTo(bytes);
    }
    restart("writing");
    try (RawClient again = client("writing")) {
      assertThat(again.read(3 * 512, bytes.length)).isEqualTo(bytes);
      assertThat(again.read(0, 512)).isEqualTo(Arrays.copyOf(Files.readAllBytes(point), 512));
    }
  }
}
