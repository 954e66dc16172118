package io.backstay.cli;

import io.backstay.group.GroupFile;
import io.backstay.group.Layout;
import io.backstay.group.Setup;
import io.backstay.group.Wish;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
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
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the launcher lets a new build do once: start every role and ask it, in one process, so that
 * the JVM keeps what it loaded and linked for all later starts (JEP 483). Nothing that it does
 * matters but that it happened.
 */
final class Training {
  private static final Duration SETTLE = Duration.ofSeconds(2);

  /** A cache is mapped as a whole, so that what few need is kept apart from what all need. */
  enum Kind {
    /** Catalog, storage, proxy and archive. */
    SERVERS,
    /** The worker, and all commands. */
    COMMANDS;

    private List<Role> roles() {
      List<Role> servers = List.of(Role.CATALOG, Role.STORAGE, Role.PROXY, Role.ARCHIVE);
      return switch (this) {
        case SERVERS -> servers;
        case COMMANDS -> Stream.concat(servers.stream(), Stream.of(Role.WORKER)).toList();
      };
    }

    private List<String> commands() {
      return switch (this) {
        case SERVERS -> List.of("status");
        case COMMANDS ->
            List.of(
                "status",
                "status -o json",
                "volume list",
                "point list v -o json",
                "run list -o json",
                "volume add v --kind plain --device /dev/null",
                "backup full v",
                "backup full v -o json",
                "restore v --to /dev/null");
      };
    }
  }

  private final Kind kind;
  private final Time time = Time.system();

  Training(Kind kind) {
    this.kind = kind;
  }

  void run() throws IOException, InterruptedException, RefusedException {
    Path directory = Files.createTempDirectory("backstay-training-");
    try {
      LogSetup.asServer(Optional.of(directory.resolve("log").toString()));
      Layout layout = new Layout(directory.resolve("group"));
      GroupFile group = new Setup(layout, time).make(Wish.DEFAULT);
      Optional<Server> temporal =
          kind == Kind.COMMANDS ? Optional.of(temporal(group)) : Optional.empty();
      for (Role role : kind.roles()) serve(layout, group.servers(role).getFirst().name());
      time.sleep(SETTLE);
      if (kind == Kind.SERVERS) moveBytes(layout, group, directory);
      for (String line : kind.commands()) Backstay.execute(shell(layout), line.split(" "));
      temporal.ifPresent(Server::shutdownNow);
    } finally {
      delete(directory);
    }
  }

  private void moveBytes(Layout layout, GroupFile group, Path directory)
      throws IOException, InterruptedException, RefusedException {
    Path source = directory.resolve("source.img");
    try (GroupConnection connection = new GroupConnection(layout, time)) {
      TrainingGroup servers = new TrainingGroup(group, connection.servers(group), time);
      servers.begin();
      new TrainingVolume(servers, source, layout.restores()).use();
      new TrainingLog(servers).use();
    }
  }

  private static Server temporal(GroupFile group) throws IOException {
    String address = group.temporal().address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
        .addService(new TrainingTemporal())
        .build()
        .start();
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
