package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.Setup;
import io.backstay.group.Wish;
import io.backstay.model.RefusedException;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.wire.Cbor;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the launcher lets a new build do once: start every role and ask it, in one process, so that
 * the JVM keeps what it loaded and linked for all later starts (JEP 483). Nothing that it does
 * matters but that it happened.
 */
final class Training {
  private static final Duration SETTLE = Duration.ofSeconds(2);

  private final Time time = Time.system();

  void run() throws IOException, InterruptedException, RefusedException {
    Path directory = Files.createTempDirectory("backstay-training-");
    try {
      Layout layout = new Layout(directory.resolve("group"));
      GroupFile group = new Setup(layout, time).make(Wish.DEFAULT);
      Server temporal = speechlessTemporal(group);
      for (ServerRecord server : group.servers()) serve(layout, server.name());
      time.sleep(SETTLE);
      commands(layout);
      temporal.shutdownNow();
    } finally {
      delete(directory);
    }
  }

  /** Answers every request with "not implemented". */
  private static Server speechlessTemporal(GroupFile group) throws IOException {
    String address = group.temporal().address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port)).build().start();
  }

  private void serve(Layout layout, String name) throws IOException {
    byte[] json = Files.readAllBytes(layout.config(name));
    ServerConfig config = Cbor.json().readValue(json, ServerConfig.class);
    time.fork(
        "train " + name,
        () -> {
          try {
            new RoleProcess(config, time).run();
          } catch (IOException | RefusedException e) {
            System.err.println("training of " + name + ": " + e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private void commands(Layout layout) {
    String device = layout.groupFile().toString();
    for (String line :
        List.of(
            "up --help",
            "status",
            "status -o json",
            "volume list",
            "point list vol0 -o json",
            "run list -o json",
            "volume add vol0 --kind plain --device " + device,
            "backup full vol0",
            "restore vol0 --to " + device + ".restored")) {
      Backstay.execute(shell(layout), line.split(" "));
    }
  }

  private Shell shell(Layout layout) {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    return new Shell(
        new ByteArrayInputStream(new byte[0]),
        nowhere,
        nowhere,
        Map.of("BACKSTAY_DIR", layout.directory().toString()),
        time);
  }

  private static void delete(Path directory) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(directory)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) Files.deleteIfExists(file);
  }
}
