package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RealClientsTest {
  private static final int SIZE_BYTES = 32 << 20;

  @TempDir Path directory;
  private LateExport export;
  private Served served;

  @BeforeEach
  void serve() throws IOException {
    export = new LateExport(Served.NAME, SIZE_BYTES);
    served = new Served(directory, export);
  }

  @AfterEach
  void stop() {
    served.close();
    export.close();
  }

  private List<String> uris() {
    return List.of(served.unix.uri(Served.NAME), served.tcp.uri(Served.NAME));
  }

  /** An image of the volume's size: random bytes, zeroes, and a hole. */
  private Path image(int seed) throws IOException {
    byte[] bytes = new byte[5 << 20];
    new Random(seed).nextBytes(bytes);
    Path image = directory.resolve("image" + seed);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.write(bytes);
      file.write(new byte[1 << 20]);
      file.write(bytes, 0, 512 * 777);
      file.setLength(SIZE_BYTES);
    }
    return image;
  }

  @Test
  void nbdinfoSeesAllThatIsOffered() throws Exception {
    Tools.need("nbdinfo");
    for (String uri : uris()) {
      JsonNode told = new ObjectMapper().readTree(Tools.run("nbdinfo", "--json", uri));
      assertThat(told.get("protocol").asText()).isEqualTo("newstyle-fixed");
      assertThat(told.get("structured").asBoolean()).isTrue();
      JsonNode seen = told.get("exports").get(0);
      assertThat(seen.get("export-name").asText()).isEqualTo(Served.NAME);
      assertThat(seen.get("export-size").asLong()).isEqualTo(SIZE_BYTES);
      assertThat(seen.get("contexts").toString()).contains("base:allocation");
      assertThat(seen.get("block_size_minimum").asInt()).isEqualTo(512);
      assertThat(seen.get("block_size_preferred").asInt()).isEqualTo(4096);
      assertThat(seen.get("block_size_maximum").asInt()).isEqualTo(32 << 20);
      assertThat(seen.get("is_read_only").asBoolean()).isFalse();
      for (String can :
          List.of("cache", "df", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero")) {
        assertThat(seen.get("can_" + can).asBoolean()).as(can).isTrue();
      }
    }
  }

  @Test
  void nbdinfoListsTheExportsOfAListener() throws Exception {
    Tools.need("nbdinfo");
    String all = served.tcp.uri("");
    assertThat(Tools.run("nbdinfo", "--list", all)).contains("export=\"vol0\"");
  }

  @Test
  void nbdinfoMapsDataAndHoles() throws Exception {
    Tools.need("nbdinfo", "nbdcopy");
    String uri = served.unix.uri(Served.NAME);
    Tools.run("nbdcopy", image(1).toString(), uri);
    JsonNode map = new ObjectMapper().readTree(Tools.run("nbdinfo", "--map", "--json", uri));
    assertThat(map).hasSize(4);
    assertThat(map.get(0).get("length").asInt()).isEqualTo(5 << 20);
    assertThat(map.get(0).get("description").asText()).isEqualTo("data");
    assertThat(map.get(1).get("length").asInt()).isEqualTo(1 << 20);
    assertThat(map.get(1).get("description").asText()).isEqualTo("hole,zero");
  }

  @Test
  void nbdcopyBringsAnImageInAndOutAgain() throws Exception {
    Tools.need("nbdcopy");
    int seed = 10;
    for (String uri : uris()) {
      Path in = image(seed++);
      Path out = directory.resolve("out" + seed);
      Tools.run("nbdcopy", "--flush", "--connections=4", in.toString(), uri);
      Tools.run("nbdcopy", "--connections=4", uri, out.toString());
      assertThat(Files.mismatch(in, out)).isEqualTo(-1);
    }
  }

  @Test
  void qemuImgConvertsAndCompares() throws Exception {
    Tools.need("qemu-img");
    int seed = 20;
    for (String uri : uris()) {
      Path in = image(seed++);
      Path out = directory.resolve("out" + seed);
      Tools.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", in.toString(), uri);
      assertThat(Tools.run("qemu-img", "compare", "-f", "raw", "-F", "raw", in.toString(), uri))
          .contains("identical");
      Tools.run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, out.toString());
      assertThat(Files.mismatch(in, out)).isEqualTo(-1);
    }
  }

  @Test
  void qemuIoWritesDiscardsAndZeroes() throws Exception {
    Tools.need("qemu-io");
    for (String uri : uris()) {
      String said =
          Tools.run(
              "qemu-io",
              "-f",
              "raw",
              uri,
              "-c",
              "write -P 0x5a 0 256k",
              "-c",
              "write -f -P 0x11 256k 64k",
              "-c",
              "flush",
              "-c",
              "discard 16k 16k",
              "-c",
              "write -z 64k 4k",
              "-c",
              "write -z -u 72k 4k",
              "-c",
              "read -P 0x5a 0 16k",
              "-c",
              "read -P 0 16k 16k",
              "-c",
              "read -P 0x5a 32k 32k",
              "-c",
              "read -P 0 64k 4k",
              "-c",
              "read -P 0x5a 68k 4k",
              "-c",
              "read -P 0 72k 4k",
              "-c",
              "read -P 0x11 256k 64k",
              "-c",
              "write -P 0x77 1M 16M",
              "-c",
              "read -P 0x77 1M 16M",
              "-c",
              "aio_write -P 0x33 18M 64k",
              "-c",
              "aio_write -P 0x34 19M 512k",
              "-c",
              "aio_flush",
              "-c",
              "read -P 0x33 18M 64k",
              "-c",
              "read -P 0x34 19M 512k");
      assertThat(said).doesNotContain("failed").contains("wrote 16777216/16777216");
    }
  }

  @Test
  void fioFindsWhatItWrote() throws Exception {
    Tools.need("fio");
    for (String uri : uris()) {
      String said =
          Tools.run(
              "fio",
              "--name=verify",
              "--ioengine=nbd",
              "--uri=" + uri,
              "--rw=randwrite",
              "--bsrange=512-256k",
              "--bs_unaligned=0",
              "--blockalign=512",
              "--iodepth=16",
              "--size=" + SIZE_BYTES,
              "--io_size=48m",
              "--verify=crc32c",
              "--verify_fatal=1",
              "--verify_state_save=0");
      assertThat(said).contains("err= 0");
    }
  }

  @Test
  void nbdkitPassesRequestsOn() throws Exception {
    Tools.need("nbdkit", "nbdcopy");
    Path in = image(30);
    Path out = directory.resolve("out");
    for (String uri : uris()) {
      String commands = "nbdcopy '%s' \"$uri\" && nbdcopy \"$uri\" '%s'".formatted(in, out);
      Tools.run("nbdkit", "-U", "-", "nbd", "uri=" + uri, "--run", commands);
      assertThat(Files.mismatch(in, out)).isEqualTo(-1);
      Files.delete(out);
    }
  }
}
