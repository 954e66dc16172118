package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketFileTest {
  @TempDir Path directory;
  private Path path;
  private NbdServer server;

  @BeforeEach
  void serve() {
    path = directory.resolve("vol0.sock");
    server = new NbdServer(Time.system(), NbdLimits.DEFAULT, new SimpleMeterRegistry());
    server.add(new MemoryExport(Served.NAME, Served.SIZE_BYTES), WriteCache.DURABLE);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void canBeUsed() throws IOException {
    try (RawClient client = RawClient.using(Served.NAME, UnixDomainSocketAddress.of(path))) {
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void onlyTheOwnerMayOpenTheSocketAndItGoesWithTheListener() throws IOException {
    try (NbdListener listener = server.listenUnix(path, Served.NAME)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rw-------");
      assertThat(listener.uri(Served.NAME)).isEqualTo("nbd+unix:///vol0?socket=" + path);
      canBeUsed();
      assertThat(directory).isDirectoryNotContaining("glob:**/.*");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void theUriOfAnOddPathIsEncoded() throws IOException {
    Path odd = directory.resolve("a b%d?.sock");
    try (NbdListener listener = server.listenUnix(odd, Served.NAME)) {
      assertThat(listener.uri(Served.NAME))
          .isEqualTo("nbd+unix:///vol0?socket=" + directory + "/a%20b%25d%3F.sock");
    }
  }

  @Test
  void theFileOfADeadServerIsReplaced() throws IOException {
    ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    dead.bind(UnixDomainSocketAddress.of(path));
    dead.close();
    assertThat(path).exists();
    server.listenUnix(path, Served.NAME);
    canBeUsed();
  }

  @Test
  void theSocketOfALivingServerIsNot() throws IOException {
    try (NbdServer other =
        new NbdServer(Time.system(), NbdLimits.DEFAULT, new SimpleMeterRegistry())) {
      server.listenUnix(path, Served.NAME);
      assertThatThrownBy(() -> other.listenUnix(path, Served.NAME))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("another server listens");
    }
    canBeUsed();
  }

  @Test
  void aFileThatIsNoSocketStays() throws IOException {
    Files.writeString(path, "precious");
    assertThatThrownBy(() -> server.listenUnix(path, Served.NAME))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("no socket");
    assertThat(path).hasContent("precious");
  }

  @Test
  void aPathThatTheKernelHasNoRoomForIsRefusedWithItsLength() {
    Path tooLong = directory.resolve("x".repeat(100)).resolve("vol0.sock");
    assertThatThrownBy(() -> server.listenUnix(tooLong, Served.NAME))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("at most 107");
  }

  @Test
  void elsewhereThanOnLoopbackNothingIsServedPlain() {
    assertThatThrownBy(() -> server.listenTcp("0.0.0.0:0", any -> true))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("without certificates");
  }
}
