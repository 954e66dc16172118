package io.backstay.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.authority.Signer;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.model.VolumeKind;
import io.backstay.pki.CertificateAuthority;
import io.backstay.pki.CertificateFiles;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.twin.ManualTime;
import io.backstay.twin.MemoryDisk;
import io.backstay.twin.MemoryNetwork;
import io.backstay.twin.MemoryWire;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rules K1 and K4: who is where, also while the catalog is away, and what cannot be reached. */
@Timeout(30)
class RemoteServersTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Peer WORKER = new Peer("g", "w0", Role.WORKER);
  private static final ProtectionRecord RECORD =
      new ProtectionRecord(
          3, "vol0", VolumeKind.PLAIN, 4096, "/dev/vol0", "s0", List.of("a0"), "a0");

  private static final Reply.ServerFacts FACTS =
      new Reply.ServerFacts(
          "any", Role.ARCHIVE, "n0", "g", 1, Instant.EPOCH, "test", Instant.EPOCH.plusSeconds(1));

  @TempDir private Path keys;
  private final ManualTime time = new ManualTime(NOON, 1);
  private final MemoryWire wire = new MemoryWire(Time.system());
  private final Directory copies = new MemoryDisk().directory("/copies");
  private final ArrayDeque<AutoCloseable> open = new ArrayDeque<>();
  private CertificateAuthority ca;
  private Signer signer;
  private Running catalog;
  private Running archive;
  private volatile Reply.CatalogRecords records;

  /** A server that answers each command with what the test says. */
  private final class Running implements RoleService {
    final AtomicInteger asked = new AtomicInteger();
    final MemoryNetwork network;
    final CountDownLatch never = new CountDownLatch(1);

    Running(String name, Role role, String address) throws IOException {
      network = new MemoryNetwork(wire, new Peer("g", name, role));
      HelloHandshake hello = new HelloHandshake("g", name, "test", Time.system());
      Network.Listener listener = network.listen(address);
      Conversations conversations =
          new Conversations(
              listener, hello, this, () -> FACTS, new SimpleMeterRegistry(), Time.system());
      conversations.start();
      open.push(conversations);
    }

    @Override
    public void start() {}

    @Override
    public Reply answer(Peer peer, Command command) throws InterruptedException {
      asked.incrementAndGet();
      return switch (command) {
        case Command.ReadCatalog read -> records;
        case Command.ListVolumes hangs -> {
          never.await();
          yield new Reply.Done();
        }
        default -> new Reply.Done();
      };
    }

    @Override
    public void stop() {}

    void die() {
      network.processDeath(new Random(1));
    }
  }

  @BeforeEach
  void startTheGroup() throws Exception {
    ca = CertificateAuthority.create(keys, "g", Time.system());
    CertificateFiles files = ca.issueSigning("c0", Role.CATALOG, keys);
    signer = Signer.load(files.key(), files.certificate());
    records = records(7, "a0:1", List.of(signer.sign(RECORD)));
    catalog = new Running("c0", Role.CATALOG, "c0:1");
    archive = new Running("a0", Role.ARCHIVE, "a0:1");
  }

  @AfterEach
  void close() throws Exception {
    while (!open.isEmpty()) open.pop().close();
  }

  @Test
  void aServerIsReachedByItsNameAndItsConnectionIsUsedAgain() throws Exception {
    RemoteServers servers = servers();
    AtomicInteger connects = new AtomicInteger();
    wire.beforeEachOperation((who, what) -> {
      if (what.equals("connect a0:1")) connects.incrementAndGet();
    });
    for (int i = 0; i < 5; i++) {
      assertThat(servers.call("a0", new Command.ListPoints("vol0"))).isEqualTo(new Reply.Done());
    }
    assertThat(connects).hasValue(1);
    assertThat(archive.asked).hasValue(5);
    assertThat(catalog.asked).hasValue(1);
  }

  @Test
  void theCatalogIsReachedByItsNameWhateverItSaysOfItself() throws Exception {
    assertThat(servers().call("c0", new Command.Describe())).isEqualTo(FACTS);
  }

  @Test
  void theCatalogsRecordsAreCheckedAndHandedOutAsTheyAre() throws Exception {
    CatalogView view = servers().catalog();
    assertThat(view.revision()).isEqualTo(7);
    assertThat(view.confirmed()).isEqualTo(NOON);
    assertThat(view.volumes()).containsEntry("vol0", RECORD);
    assertThat(view.signed()).containsEntry("vol0", records.protections().getFirst());
  }

  @Test
  void withoutTheCatalogTheLastDurableCopyIsUsedAndItsAgeIsSeenRuleK1() throws Exception {
    servers().catalog();
    catalog.die();
    time.advance(Duration.ofHours(2));

    RemoteServers later = servers();
    assertThat(later.call("a0", new Command.ListPoints("vol0"))).isEqualTo(new Reply.Done());
    CatalogView view = later.catalog();
    assertThat(view.confirmed()).isEqualTo(NOON);
    assertThat(view.volumes()).containsEntry("vol0", RECORD);
    assertThatThrownBy(() -> later.call("a5", new Command.Describe()))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContainingAll("c0:1", "is away", "does not name a5");

    new Running("c0", Role.CATALOG, "c0:1");
    assertThat(later.catalog().confirmed()).isEqualTo(NOON.plus(Duration.ofHours(2)));
  }

  @Test
  void withoutCatalogAndCopyTheCatalogIsWhatCannotBeReached() throws Exception {
    catalog.die();
    RemoteServers servers = servers();
    assertThatThrownBy(servers::catalog)
        .isInstanceOf(UnreachableException.class)
        .hasMessageContainingAll("c0:1", "never reached", "refused");
    assertThatThrownBy(() -> servers.call("a0", new Command.Describe()))
        .isInstanceOf(UnreachableException.class);
  }

  @Test
  void aDamagedCopyCountsAsNone() throws Exception {
    servers().catalog();
    byte[] file = copies.read(CatalogCopy.FILE);
    for (int at : new int[] {0, 5, 9, 13, 20, file.length - 1}) {
      byte[] damaged = file.clone();
      damaged[at] ^= 4;
      copies.publish(CatalogCopy.FILE, damaged);
      catalog.die();
      assertThatThrownBy(() -> servers().catalog()).as("byte %d", at).hasMessageContaining("never");
    }
    copies.publish(CatalogCopy.FILE, java.util.Arrays.copyOf(file, file.length - 1));
    assertThatThrownBy(() -> servers().catalog()).hasMessageContaining("never");
    copies.publish(CatalogCopy.FILE, file);
    assertThat(servers().catalog().revision()).isEqualTo(7);
  }

  @Test
  void recordsThatNobodyOfTheGroupSignedAreNotTaken(@TempDir Path elsewhere) throws Exception {
    CertificateAuthority twin = CertificateAuthority.create(elsewhere, "g", Time.system());
    CertificateFiles files = twin.issueSigning("c0", Role.CATALOG, elsewhere);
    Signed forged = Signer.load(files.key(), files.certificate()).sign(RECORD);
    RemoteServers servers = servers();
    servers.catalog();
    records = records(8, "a0:1", List.of(forged));

    assertThat(servers.catalog().revision()).isEqualTo(7);
  }

  @Test
  void aServerThatDiedIsSaidAtOnceAndReachedAgainWhenItIsBack() throws Exception {
    RemoteServers servers = servers();
    servers.call("a0", new Command.ListPoints("vol0"));
    archive.die();
    assertThatThrownBy(() -> servers.call("a0", new Command.ListPoints("vol0")))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContainingAll("a0", "a0:1");

    new Running("a0", Role.ARCHIVE, "a0:1");
    assertThat(servers.call("a0", new Command.ListPoints("vol0"))).isEqualTo(new Reply.Done());
  }

  @Test
  void aServerThatDiesBeforeItsReplyIsNamedWithTheCommand() throws Exception {
    RemoteServers servers = servers();
    servers.call("a0", new Command.ListPoints("vol0"));
    Time.system()
        .fork(
            "killer",
            () -> {
              while (archive.asked.get() < 2) Thread.yield();
              archive.die();
            });
    assertThatThrownBy(() -> servers.call("a0", new Command.ListVolumes()))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("a0 at a0:1 was lost before its reply to ListVolumes");
  }

  @Test
  void aServerThatMovedIsFoundAtItsNewAddress() throws Exception {
    RemoteServers servers = servers();
    servers.call("a0", new Command.ListPoints("vol0"));
    archive.die();
    new Running("a0", Role.ARCHIVE, "a0:2");
    records = records(8, "a0:2", records.protections());

    assertThat(servers.call("a0", new Command.ListPoints("vol0"))).isEqualTo(new Reply.Done());
  }

  @Test
  void aNameThatTheCatalogDoesNotKnowIsRefused() throws Exception {
    Reply reply = servers().call("a9", new Command.Describe());
    assertThat(((Reply.Refused) reply).refusal().code()).isEqualTo(RefusalCode.UNKNOWN_SERVER);
    assertThat(((Reply.Refused) reply).refusal().found()).contains("a0");
  }

  @Test
  void aCopyThatSaysTheSameIsNotWrittenForEveryQuestion() throws Exception {
    RemoteServers servers = servers();
    servers.catalog();
    byte[] first = copies.read(CatalogCopy.FILE);
    time.advance(Duration.ofSeconds(30));
    servers.catalog();
    assertThat(copies.read(CatalogCopy.FILE)).isEqualTo(first);
    time.advance(Duration.ofSeconds(31));
    servers.catalog();
    assertThat(copies.read(CatalogCopy.FILE)).isNotEqualTo(first);
  }

  private RemoteServers servers() throws IOException {
    GroupDialer dialer =
        new GroupDialer(
            new MemoryNetwork(wire, WORKER), new HelloHandshake("g", "w0", "test", time));
    RemoteServers servers =
        new RemoteServers(
            "g", "c0:1", dialer, new GroupAuthority(ca.authority(), time), copies, time);
    open.push(servers);
    return servers;
  }

  private static Reply.CatalogRecords records(
      long revision, String archiveAddress, List<Signed> protections) {
    return new Reply.CatalogRecords(
        revision,
        "g",
        List.of(new ServerRecord("a0", Role.ARCHIVE, "n0", archiveAddress, "")),
        protections,
        List.of());
  }
}
