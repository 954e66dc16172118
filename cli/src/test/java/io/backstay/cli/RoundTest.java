package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command.KeepSnapshot;
import io.backstay.wire.Reply;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One command to several servers: {@code kick}, {@code snapshot enable | disable}. */
class RoundTest {
  private final MemoryServers servers = new MemoryServers(new QuickTime());

  @BeforeEach
  void protect() {
    servers.protectLogged("log0", 4);
  }

  private Round<Reply.Done> kick() throws Exception {
    ProtectionRecord record = servers.catalog().volumes().get("log0");
    return KickCommand.kick(servers, record);
  }

  private Round<Reply.Done> keep(boolean kept, String... archives) throws Exception {
    KeepSnapshot keep = new KeepSnapshot("log0", 1, kept);
    return Round.ask(servers, List.of(archives), keep, Reply.Done.class);
  }

  @Test
  void aKickGoesToTheStorageAndTheProxies() throws Exception {
    assertThat(kick().done()).containsExactly("s0", "p0");
    assertThat(servers.journal()).containsExactly("s0 Kick", "p0 Kick");
  }

  @Test
  void aProxyThatNeverHeardOfTheVolumeHasNothingToSend() throws Exception {
    servers.refuse(
        (server, _) -> server.equals("p0"), Refusal.of(RefusalCode.UNKNOWN_VOLUME, "no log0"));
    assertThat(kick().notDone()).isEmpty();
    servers.refuse(
        (server, _) -> server.equals("s0"), Refusal.of(RefusalCode.UNKNOWN_VOLUME, "no log0"));
    assertThat(kick().notDone()).extracting(Round.NotDone::server).containsExactly("s0");
  }

  @Test
  void whoIsAwayIsNamedAndTheOthersDoIt() throws Exception {
    servers.stop("p0");
    Round<Reply.Done> round = kick().orRefused("kick log0");
    assertThat(round.done()).containsExactly("s0");
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(round.end(new Output(to, to, OutputFormat.TEXT), "kick log0"))
        .isEqualTo(Failure.EXIT_PARTIAL);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("[unreachable, exit 3]", "p0: unreachable, p0 at h:9: connection refused");
    var kicked = new KickCommand.Kicked("log0", round.done(), round.notDone());
    assertThat(Schema.of("kick").misfits(Cbor.json().valueToTree(kicked))).isEmpty();
  }

  @Test
  void whereNobodyDoesItThatIsRefused() throws Exception {
    servers.stop("s0");
    servers.stop("p0");
    Round<Reply.Done> round = kick();
    assertThatThrownBy(() -> round.orRefused("kick log0"))
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> {
          assertThat(e.refusal().code()).isEqualTo(RefusalCode.UNREACHABLE);
          assertThat(e.refusal().found()).contains("s0: unreachable", "p0: unreachable");
        });
  }

  @Test
  void aSnapshotIsKeptOrNotAtEachArchive() throws Exception {
    assertThat(servers.points("log0").get(1).explicit()).isTrue();
    servers.stop("a1");
    Round<Reply.Done> disabled = keep(false, "a0", "a1");
    assertThat(disabled.done()).containsExactly("a0");
    assertThat(servers.points("log0").get(1).explicit()).isFalse();
    keep(true, "a0");
    assertThat(servers.points("log0").get(1).explicit()).isTrue();
  }
}
