package io.backstay.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Role;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Payload;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rule K7: whatever comes instead of a frame closes the connection that brought it, with one line
 * in the log, and harms nothing else.
 */
@Timeout(600)
class FuzzTest {
  private static final int CONNECTIONS = Boolean.getBoolean("backstay.long") ? 4_000 : 300;
  private static final int GOOD_FRAMES_MAX = 14;
  private static final int PAYLOAD_BYTES_MAX = 200_000;

  @TempDir private Path directory;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private ResourceLeakDetector.Level level;
  private TestGroup group;
  private NettyNetwork archive;
  private Network.Listener listener;
  private SSLContext member;
  private HealthyConnection healthy;

  @BeforeEach
  void makeTheGroup() throws Exception {
    level = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    group = new TestGroup("home", directory);
    archive = group.network("a0", Role.ARCHIVE);
    listener = archive.listen(TestGroup.ANY_PORT);
    member = tlsOf(group.credentials("s1", Role.STORAGE));
    Time.system().fork("accept", this::serveEverybody);
    healthy = new HealthyConnection(group.network("s0", Role.STORAGE).connect(listener.address()));
  }

  @AfterEach
  void close() {
    group.close();
    ResourceLeakDetector.setLevel(level);
  }

  @Test
  void afterTheHandshakeOnlyFramesAreTaken() throws Exception {
    try (LogLines leaks = new LogLines("io.netty");
        LogLines log = new LogLines("io.backstay.net")) {
      int frames = 0;
      for (int i = 0; i < CONNECTIONS; i++) {
        frames += sendSomeGoodFramesAndABadOne();
      }
      assertThat(frames).as("seed %d", seed).isGreaterThan(CONNECTIONS * GOOD_FRAMES_MAX / 4);
      checkNothingElseWasHarmed(log, leaks);
    }
  }

  @Test
  void beforeTheHandshakeNothingIsTaken() throws Exception {
    try (LogLines leaks = new LogLines("io.netty");
        LogLines log = new LogLines("io.backstay.net")) {
      for (int i = 0; i < CONNECTIONS; i++) {
        byte[] nonsense = new byte[1 + random.nextInt(2_000)];
        random.nextBytes(nonsense);
        // Some look like the beginning of a TLS handshake.
        if (random.nextBoolean() && nonsense.length > 5) {
          nonsense[0] = 22;
          nonsense[1] = 3;
          nonsense[2] = (byte) random.nextInt(5);
        }
        HostPort to = HostPort.parse(listener.address());
        try (Socket socket = new Socket(to.host(), to.port())) {
          write(socket, nonsense);
          leave(socket);
        }
      }
      checkNothingElseWasHarmed(log, leaks);
    }
  }

  private void checkNothingElseWasHarmed(LogLines log, LogLines leaks) throws Exception {
    log.awaitCount(CONNECTIONS);
    assertThat(log.all())
        .as("seed %d", seed)
        .hasSize(CONNECTIONS)
        .allSatisfy(line -> assertThat(line).contains("127.0.0.1:"));
    healthy.stop();
    group.close();
    assertThat(archive.payloadBuffersTaken()).as("seed %d", seed).isZero();
    assertThat(archive.socketBuffersTaken()).as("seed %d", seed).isZero();
    for (int i = 0; i < 3; i++) {
      System.gc();
      ByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
    assertThat(leaks.all()).as("seed %d", seed).isEmpty();
  }

  /** Frames sent before the connection ended. */
  private int sendSomeGoodFramesAndABadOne() throws IOException {
    HostPort to = HostPort.parse(listener.address());
    int good = random.nextInt(GOOD_FRAMES_MAX);
    try (SSLSocket socket =
        (SSLSocket) member.getSocketFactory().createSocket(to.host(), to.port())) {
      for (int i = 0; i < good; i++) write(socket, goodFrame());
      write(socket, badFrame());
      leave(socket);
    }
    return good + 1;
  }

  private static void write(Socket socket, byte[] bytes) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
      out.flush();
    } catch (IOException closedAlready) {
      // That is what the receiver should do.
      assertThat(closedAlready).isNotNull();
    }
  }

  /** Says that no more comes, and reads to the end: a reset could overtake what was written. */
  private static void leave(Socket socket) {
    try {
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (IOException closedAlready) {
      assertThat(closedAlready).isNotNull();
    }
  }

  private byte[] goodFrame() {
    byte[] content = new byte[random.nextInt(4) == 0 ? random.nextInt(PAYLOAD_BYTES_MAX) : 0];
    random.nextBytes(content);
    Frame frame =
        new Frame(
            new Message.ImageDurable(random.nextLong()),
            Payload.of(ByteBuffer.wrap(content), () -> {}));
    ByteBuffer prefix = FrameCodec.encodePrefix(frame);
    return ByteBuffer.allocate(prefix.remaining() + content.length)
        .put(prefix)
        .put(content)
        .array();
  }

  private byte[] badFrame() {
    byte[] frame = goodFrame();
    ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
    int checked = FrameCodec.HEADER_BYTES + header.getInt(4);
    switch (random.nextInt(5)) {
      case 0 -> frame[random.nextInt(checked)] ^= (byte) (1 << random.nextInt(8));
      case 1 -> frame = java.util.Arrays.copyOf(frame, 1 + random.nextInt(frame.length - 1));
      case 2 -> header.putInt(4, FrameCodec.HEAD_BYTES_MAX + 1 + random.nextInt(1 << 30));
      case 3 -> header.putInt(8, Payload.BYTES_MAX + 1 + random.nextInt(1 << 30));
      default -> {
        frame = new byte[FrameCodec.HEADER_BYTES + random.nextInt(5_000)];
        random.nextBytes(frame);
      }
    }
    return frame;
  }

  private void serveEverybody() {
    try {
      while (true) {
        Channel channel = listener.accept();
        Time.system().fork("echo", () -> echo(channel));
      }
    } catch (IOException | InterruptedException closed) {
      assertThat(closed).isInstanceOf(ChannelClosedException.class);
    }
  }

  private static void echo(Channel channel) {
    boolean answers = channel.peer().name().equals("s0");
    try (channel) {
      while (true) {
        Frame frame = channel.receive();
        if (answers) channel.send(frame);
        else frame.payload().close();
      }
    } catch (IOException | InterruptedException closed) {
      assertThat(closed).isInstanceOf(ChannelClosedException.class);
    }
  }

  /** Asks and compares the echo, all the time. */
  private static final class HealthyConnection {
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final CompletableFuture<Long> rounds = new CompletableFuture<>();

    HealthyConnection(Channel channel) {
      Time.system()
          .fork(
              "healthy",
              () -> {
                try {
                  rounds.complete(run(channel));
                } catch (Throwable e) {
                  rounds.completeExceptionally(e);
                }
              });
    }

    private long run(Channel channel) throws IOException, InterruptedException {
      byte[] content = new byte[90_000];
      long round = 0;
      for (; !stopping.get(); round++) {
        new Random(round).nextBytes(content);
        channel.send(new Frame(new Message.ImageDurable(round), NettyNetworkTest.payload(content)));
        Frame echo = channel.receive();
        try (Payload payload = echo.payload()) {
          assertThat(echo.message()).isEqualTo(new Message.ImageDurable(round));
          assertThat(NettyNetworkTest.bytes(payload)).isEqualTo(content);
        }
      }
      return round;
    }

    void stop() throws Exception {
      stopping.set(true);
      assertThat(rounds.get()).isPositive();
    }
  }

  private static SSLContext tlsOf(Credentials credentials) throws Exception {
    KeyStore own = KeyStore.getInstance(KeyStore.getDefaultType());
    own.load(null, null);
    own.setKeyEntry(
        "own",
        credentials.readKey(),
        new char[0],
        new Certificate[] {credentials.readCertificate()});
    own.setCertificateEntry("ca", credentials.readCa());
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, new char[0]);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(own);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
