package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.backstay.authority.Authority;
import io.backstay.authority.PeerUri;
import io.backstay.authority.Pem;
import io.backstay.authority.Signer;
import io.backstay.model.Grant;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Time;
import io.backstay.server.ServerConfig;
import io.backstay.twin.ManualTime;
import io.backstay.wire.Cbor;
import io.backstay.wire.Peer;
import io.backstay.workflow.Attributes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SetupTest {
  @TempDir Path directory;

  private Layout layout() {
    return new Layout(directory.resolve("group"));
  }

  private GroupFile make(Wish wish) throws Exception {
    return new Setup(layout(), Time.system(), port -> true).make(wish);
  }

  private Map<String, String> everything() throws Exception {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(file).toString(), Files.readString(file));
      }
    }
    return files;
  }

  @Test
  void aGroupHasOneServerOfEachRole() throws Exception {
    GroupFile group = make(Wish.DEFAULT);
    assertThat(group.servers())
        .extracting(ServerRecord::name)
        .containsExactly("c0", "s0", "p0", "a0", "w0");
    assertThat(group.node()).isEqualTo("n0");
    assertThat(group.temporal().embedded()).isTrue();
  }

  @Test
  void madeAgainNothingChanges() throws Exception {
    GroupFile first = make(Wish.DEFAULT);
    Map<String, String> before = everything();
    assertThat(make(Wish.DEFAULT)).as("rule K8").isEqualTo(first);
    assertThat(everything()).isEqualTo(before);
  }

  @Test
  void whatIsMissingAfterAnInterruptionIsMade() throws Exception {
    make(Wish.DEFAULT);
    Files.delete(layout().config("a0"));
    Files.delete(layout().certificates().resolve("s0.crt"));
    make(Wish.DEFAULT);
    assertThat(layout().config("a0")).exists();
    assertThat(layout().certificates().resolve("s0.crt")).exists();
  }

  private static Wish servers(Role role, int number) {
    return new Wish(Optional.empty(), Optional.empty(), Optional.empty(), Map.of(role, number));
  }

  private static List<String> names(GroupFile group) {
    return group.servers().stream().map(ServerRecord::name).toList();
  }

  @Test
  void aGroupIsMadeWithAsManyServersAsAreWishedFor() throws Exception {
    Map<Role, Integer> two = Map.of(Role.STORAGE, 2, Role.PROXY, 2, Role.ARCHIVE, 9);
    GroupFile group = make(new Wish(Optional.empty(), Optional.empty(), Optional.empty(), two));
    assertThat(names(group))
        .startsWith("c0", "s0", "s1", "p0", "p1", "a0", "a1")
        .endsWith("a8", "w0");
    assertThat(group.ports()).as("each server has two of its own").hasSize(3 + 2 * 15);
    assertThat(Member.stopOrder(group)).startsWith("w0", "s0", "s1", "p0", "p1", "a0");
  }

  @Test
  void aGroupGetsMoreServersAndThoseThatItHasStayAsTheyAre() throws Exception {
    GroupFile before = make(Wish.DEFAULT);
    GroupFile after = make(servers(Role.PROXY, 2));
    assertThat(names(after)).containsExactly("c0", "s0", "p0", "p1", "a0", "w0");
    assertThat(after.servers()).containsAll(before.servers());
    assertThat(after.ports()).hasSize(before.ports().size() + 2);
    assertThat(layout().config("p1")).exists();
    assertThat(layout().certificates().resolve("p1.crt")).exists();
    assertThat(make(Wish.DEFAULT)).as("rule K8: a number once given stays").isEqualTo(after);
  }

  /** The machine would offer them: nothing listens there while the group is down. */
  @Test
  void aServerThatIsAddedGetsNoPortThatTheGroupHas() throws Exception {
    Set<Integer> before = makeByChance(Wish.DEFAULT).ports();
    Set<Integer> after = makeByChance(servers(Role.PROXY, 2)).ports();
    assertThat(after).as("the same chance offers the same ports").hasSize(before.size() + 2);
  }

  private GroupFile makeByChance(Wish wish) throws Exception {
    ManualTime time = new ManualTime(Instant.parse("2026-11-21T03:00:00Z"), 1);
    try (Setup setup = new Setup(layout(), time, port -> true)) {
      return setup.make(wish);
    }
  }

  @Test
  void fewerServersThanThereAreIsRefused() throws Exception {
    GroupFile group = make(servers(Role.ARCHIVE, 2));
    assertThatThrownBy(() -> make(servers(Role.ARCHIVE, 1)))
        .asInstanceOf(InstanceOfAssertFactories.type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.WRONG_STATE))
        .satisfies(e -> assertThat(e.refusal().found()).isEqualTo("a0, a1"));
    assertThat(make(Wish.DEFAULT)).isEqualTo(group);
  }

  @Test
  void aGroupOfAReleaseWithoutProxiesGetsOne() throws Exception {
    GroupFile made = make(Wish.DEFAULT);
    made.with(made.servers().stream().filter(server -> server.role() != Role.PROXY).toList())
        .write(layout());
    try (Setup setup = new Setup(layout(), Time.system(), port -> true)) {
      assertThat(setup.wouldAdd(Wish.DEFAULT)).isTrue();
      assertThat(names(setup.make(Wish.DEFAULT))).contains("p0").hasSize(5);
      assertThat(setup.wouldAdd(Wish.DEFAULT)).isFalse();
    }
  }

  @Test
  void oneMachineHasOneCatalogAndNotAnyNumberOfTheOthers() {
    assertThatThrownBy(() -> servers(Role.CATALOG, 3)).hasMessageContaining("1 to 1 servers");
    assertThatThrownBy(() -> servers(Role.PROXY, 10)).hasMessageContaining("1 to 9 servers");
    assertThatThrownBy(() -> servers(Role.PROXY, 0)).hasMessageContaining("1 to 9 servers");
  }

  private Collection<List<?>> namesOfTheStorage(String nbdListen) throws Exception {
    Path file = layout().config("s0");
    ObjectNode config = (ObjectNode) Cbor.json().readTree(file.toFile());
    Files.writeString(file, config.put("nbdListen", nbdListen).toString());
    make(Wish.DEFAULT);
    Path certificate = layout().certificates().resolve("s0.crt");
    return Pem.certificate(Files.readAllBytes(certificate), "s0.crt").getSubjectAlternativeNames();
  }

  @Test
  void theCertificateOfAStorageNamesWhereNbdClientsFindIt() throws Exception {
    make(Wish.DEFAULT);
    String own = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    assertThat(namesOfTheStorage("[::]:10809"))
        .as("rule K5")
        .contains(List.of(6, PeerUri.of(new Peer(group(), "s0", Role.STORAGE))), List.of(2, own));
    assertThat(namesOfTheStorage("nowhere.example:10809")).contains(List.of(2, "nowhere.example"));
    assertThat(namesOfTheStorage("192.0.2.7:10809")).contains(List.of(7, "192.0.2.7"));
    assertThatThrownBy(() -> namesOfTheStorage("10809"))
        .hasMessageContaining("nbdListen in " + layout().config("s0"));
  }

  private String group() throws Exception {
    return GroupFile.read(layout()).group();
  }

  @Test
  void theConfigurationOfAServerNamesItsFilesAndTheCatalog() throws Exception {
    GroupFile group = make(Wish.DEFAULT);
    ServerConfig config =
        Cbor.json().readValue(Files.readAllBytes(layout().config("w0")), ServerConfig.class);
    assertThat(config.role()).isEqualTo(Role.WORKER);
    assertThat(config.catalog()).isEqualTo(group.catalog().address());
    assertThat(Path.of(config.certificateFile())).exists();
    assertThat(Path.of(config.keyFile())).exists();
    assertThat(Path.of(config.caFile())).exists();
    assertThat(config.temporal().orElseThrow().address()).isEqualTo(group.temporal().address());
  }

  @Test
  void onlyTheOwnerMayReadKeysOrEnterTheDirectory() throws Exception {
    make(Wish.DEFAULT);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(layout().directory())))
        .isEqualTo("rwx------");
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path key : walk.filter(file -> file.toString().endsWith(".key")).toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
            .as("rule K5: %s", key)
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void theOperatorCanSignAGrantThatTheGroupAccepts() throws Exception {
    GroupFile group = make(Wish.DEFAULT);
    OperatorFiles operator = OperatorFiles.of(layout());
    Signer signer = operator.signing().load();
    Instant now = Time.system().now();
    Grant grant =
        new Grant(
            group.group(), "clear-volume", "vol0", "", "hash", now.plus(Duration.ofDays(1)), "n");
    Authority authority = Authority.load(group.group(), operator.ca());
    assertThat(authority.verifyGrant(signer.sign(grant), now)).as("rule K5").isEqualTo(grant);
  }

  @Test
  void anotherTemporalServerThanTheChosenOneIsRefused() throws Exception {
    make(Wish.DEFAULT);
    Wish another =
        new Wish(Optional.of("temporal.example:7233"), Optional.empty(), Optional.empty());
    assertThatThrownBy(() -> make(another))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("chosen when it was made");
  }

  @Test
  void aTemporalServerOfOnesOwnIsNotRunByTheGroup() throws Exception {
    GroupFile group =
        make(
            new Wish(
                Optional.of("temporal.example:7233"), Optional.of("backups"), Optional.empty()));
    assertThat(group.temporal().embedded()).isFalse();
    assertThat(group.temporal().namespace()).isEqualTo("backups");
    assertThat(Member.stopOrder(group)).containsExactly("w0", "s0", "p0", "a0", "c0");
  }

  @Test
  void theDevelopmentServerRegistersTheSearchAttributesOfTheWorkflows() {
    assertThat(TemporalServer.SEARCH_ATTRIBUTES)
        .as("rule F3")
        .containsExactlyElementsOf(
            Attributes.ALL.stream().map(key -> key.getName() + "=Keyword").toList());
  }
}
