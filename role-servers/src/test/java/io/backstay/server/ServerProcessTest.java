package io.backstay.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.CertificateFiles;
import io.backstay.seam.Time;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server with its real network and endpoint; only its disk is in memory. */
@Timeout(60)
class ServerProcessTest {
  @TempDir private Path directory;
  private final HttpClient http = HttpClient.newHttpClient();
  private final CountDownLatch mayStart = new CountDownLatch(1);
  private final CompletableFuture<Void> stoppedRole = new CompletableFuture<>();
  private CertificateAuthority ca;
  private ServerProcess catalog;

  /** A catalog that names itself. */
  private final class OneRecord implements RoleService {
    @Override
    public void start() throws InterruptedException {
      mayStart.await();
    }

    @Override
    public Reply answer(Peer peer, Command command) throws RefusedException {
      if (!(command instanceof Command.ReadCatalog)) {
        throw new RefusedException(RefusalCode.UNSUPPORTED, "only that");
      }
      ServerRecord self = new ServerRecord("c0", Role.CATALOG, "n0", "127.0.0.1:1", "");
      return new Reply.CatalogRecords(1, "home", List.of(self), List.of(), List.of());
    }

    @Override
    public void stop() {
      stoppedRole.complete(null);
    }
  }

  @BeforeEach
  void openTheCatalog() throws Exception {
    ca = CertificateAuthority.create(directory, "home", Time.system());
    catalog = open("c0", Role.CATALOG, "127.0.0.1:1");
  }

  @AfterEach
  void close() {
    mayStart.countDown();
    catalog.close();
  }

  @Test
  void itIsReadyOnlyWhenTheRoleHasStarted() throws Exception {
    CompletableFuture<String> serving = serve();
    assertThat(get("/health").statusCode()).isEqualTo(200);
    assertThat(get("/ready").statusCode()).isEqualTo(503);
    assertThat(get("/ready").body()).contains("STARTING");

    mayStart.countDown();
    serving.get();
    assertThat(get("/ready").statusCode()).isEqualTo(200);
    assertThat(get("/ready").body()).contains("SERVING");
  }

  @Test
  void othersReachItByNameOverTls() throws Exception {
    mayStart.countDown();
    String address = serve().get();
    try (ServerProcess storage = open("s0", Role.STORAGE, address)) {
      Reply reply = storage.servers().call("c0", new Command.Describe());
      assertThat(reply).isInstanceOf(Reply.ServerFacts.class);
      Reply.ServerFacts facts = (Reply.ServerFacts) reply;
      assertThat(facts.name()).isEqualTo("c0");
      assertThat(facts.role()).isEqualTo(Role.CATALOG);
      assertThat(facts.pid()).isEqualTo(ProcessHandle.current().pid());
      assertThat(facts.software()).isEqualTo("backstay test");
      assertThat(storage.servers().catalog().revision()).isEqualTo(1);
      assertThat(storage.servers().call("c0", new Command.Unknown()))
          .isInstanceOf(Reply.Refused.class);
    }
  }

  @Test
  void itsMetricsSayHowItLives() throws Exception {
    mayStart.countDown();
    String address = serve().get();
    try (ServerProcess storage = open("s0", Role.STORAGE, address)) {
      storage.servers().catalog();
      String metrics = get("/metrics").body();
      assertThat(metrics)
          .contains(
              "backstay_certificate_days_left{group=\"home\",role=\"catalog\",server=\"c0\"} 36")
          .contains("process_resident_memory_bytes{")
          .contains("backstay_conversations{group=\"home\",role=\"catalog\",server=\"c0\"} 1.0")
          .contains("backstay_commands_seconds_count{command=\"ReadCatalog\"")
          .contains("jvm_memory_used_bytes{")
          .contains("jvm_buffer_memory_used_bytes{");
    }
    assertThat(get("/elsewhere").statusCode()).isEqualTo(404);
  }

  @Test
  void itStopsInOrder() throws Exception {
    mayStart.countDown();
    String address = serve().get();
    try (ServerProcess storage = open("s0", Role.STORAGE, address)) {
      storage.servers().catalog();
      catalog.close();
      catalog.close();
      catalog.awaitStop();
      stoppedRole.get();
      assertThatThrownBy(() -> storage.dialer().dial("c0", address))
          .hasMessageContainingAll("c0", address);
    }
    assertThatThrownBy(() -> get("/health")).isInstanceOf(IOException.class);
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() ->
            ServerProcess.open(
                config("x0", Role.STORAGE, "127.0.0.1:1", directory.resolve("no.crt")),
                "backstay test",
                new MemoryDisk().directory("/s"),
                Time.system()))
        .hasMessageContaining("no.crt");
  }

  private CompletableFuture<String> serve() {
    CompletableFuture<String> serving = new CompletableFuture<>();
    Time.system()
        .fork(
            "serve",
            () -> {
              try {
                serving.complete(catalog.serve(new OneRecord()));
              } catch (IOException | InterruptedException e) {
                serving.completeExceptionally(e);
              }
            });
    return serving;
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://" + catalog.metricsAddress().orElseThrow() + path);
    return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private ServerProcess open(String name, Role role, String catalogAddress) throws IOException {
    CertificateFiles files = ca.issue(name, role, directory);
    return ServerProcess.open(
        config(name, role, catalogAddress, files.certificate()),
        "backstay test",
        new MemoryDisk().directory("/" + name),
        Time.system());
  }

  private ServerConfig config(String name, Role role, String catalogAddress, Path certificate) {
    return new ServerConfig(
        "home",
        name,
        role,
        "n0",
        "127.0.0.1:0",
        Optional.of("127.0.0.1:0"),
        catalogAddress,
        directory.toString(),
        certificate.toString(),
        directory.resolve(name + ".key").toString(),
        ca.certificateFile().toString(),
        List.of(),
        Optional.empty(),
        ServerConfig.Transfers.DEFAULT,
        Optional.empty());
  }
}
