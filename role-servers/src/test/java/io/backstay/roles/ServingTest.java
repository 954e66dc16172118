package io.backstay.roles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.LogPlan;
import io.backstay.model.OnLogFull;
import io.backstay.model.OperationReport;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.VolumeKind;
import io.backstay.model.Work;
import io.backstay.seam.Directory;
import io.backstay.wire.Command;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How a storage serves a logged volume, stops that, and what it says of its log. */
@Timeout(60)
class ServingTest {
  private static final Peer OPERATOR = new Peer("g", "operator", Role.OPERATOR);

  @RegisterExtension final TwinGroup group = new TwinGroup();

  @BeforeEach
  void add() throws Exception {
    group.start();
    Reply.OwnPlace own =
        (Reply.OwnPlace) group.storage.service.answer(OPERATOR, new Command.FindOwnPlace("vol0"));
    ProtectionRecord record =
        new ProtectionRecord(
            1,
            "vol0",
            VolumeKind.LOGGED,
            TwinGroup.MIB,
            own.data(),
            "s0",
            List.of("a0"),
            "a0",
            Optional.of(new LogPlan(own.log(), 16L << 20, 1 << 20, OnLogFull.BLOCK)));
    group.storage.start("add/s0", 1, TwinGroup.add(record));
    assertThat(group.storage.await("add/s0").state()).isEqualTo(OperationReport.State.DONE);
  }

  private Reply ask(Peer peer, Command command) throws Exception {
    return group.storage.service.answer(peer, command);
  }

  private Reply.VolumeFacts volume() throws Exception {
    return one(ask(OPERATOR, new Command.ListVolumes()));
  }

  private static Reply.VolumeFacts one(Reply reply) {
    return ((Reply.Volumes) reply).volumes().getFirst();
  }

  private Reply.VolumeFacts served() throws Exception {
    Reply.VolumeFacts facts = volume();
    while (facts.log().isEmpty() && facts.trouble().isEmpty()) facts = volume();
    return facts;
  }

  private RefusalCode refusal(Peer peer, Command command) {
    RefusedException[] found = new RefusedException[1];
    assertThatThrownBy(() -> ask(peer, command))
        .isInstanceOfSatisfying(RefusedException.class, refused -> found[0] = refused);
    return found[0].refusal().code();
  }

  @Test
  void aVolumeThatWasStoppedStaysSoUntilItIsStarted() throws Exception {
    assertThat(served().state()).isEqualTo("SYNC_READY");
    Reply.VolumeFacts stopped = one(ask(OPERATOR, new Command.StopVolume("vol0")));
    assertThat(stopped.state()).isEqualTo("STOPPED");
    assertThat(stopped.log()).isEmpty();
    assertThat(one(ask(OPERATOR, new Command.StopVolume("vol0")))).isEqualTo(stopped);
    assertThat(refusal(OPERATOR, new Command.TakeSnapshot("vol0", Optional.empty())))
        .isEqualTo(RefusalCode.WRONG_STATE);
    group.storage.dieAndStart();
    assertThat(volume().state()).isEqualTo("STOPPED");
    Reply.VolumeFacts started = one(ask(OPERATOR, new Command.StartVolume("vol0")));
    assertThat(started.state()).isEqualTo("SYNC_READY");
    assertThat(started.log().orElseThrow().nbdUri()).isEqualTo("memory:vol0");
    assertThat(one(ask(OPERATOR, new Command.StartVolume("vol0")))).isEqualTo(started);
    group.storage.dieAndStart();
    assertThat(served().log()).isPresent();
  }

  @Test
  void aStoppedVolumeCanBeCleared() throws Exception {
    ask(OPERATOR, new Command.StopVolume("vol0"));
    group.storage.start(
        "clear/s0",
        2,
        new Work.ClearVolume("hash", Optional.of(TwinGroup.grant("clear-volume", "", "n"))));
    assertThat(group.storage.await("clear/s0").state()).isEqualTo(OperationReport.State.DONE);
    assertThat(volume().state()).isEqualTo("CLEAR");
    assertThat(refusal(OPERATOR, new Command.StartVolume("vol0")))
        .isEqualTo(RefusalCode.UNKNOWN_VOLUME);
  }

  /** Rule M2. */
  @Test
  void inALocalSessionSnapshotsAreRefused() throws Exception {
    served();
    assertThat(refusal(OPERATOR, new Command.TakeSnapshot("vol0", Optional.of("x"))))
        .isEqualTo(RefusalCode.NOT_PROTECTED);
  }

  /** Rule M2: told again it does not reset again. */
  @Test
  void aResetBeginsTheNextSessionOnce() throws Exception {
    served();
    Command reset = new Command.ResetVolume("vol0", 0);
    for (int i = 0; i < 2; i++) {
      Reply.LogFacts log = one(ask(OPERATOR, reset)).log().orElseThrow();
      assertThat(log.session()).isEqualTo(1);
      assertThat(log.protectedNow()).isFalse();
    }
  }

  /** Rule L2. */
  @Test
  void aVolumeWithoutItsTailIsServedWhenTheLossIsAccepted() throws Exception {
    served();
    Directory own = group.storage.disk.directory("/state/volumes/vol0");
    String state = new String(own.read("log-state"), StandardCharsets.UTF_8);
    Matcher tail = Pattern.compile("\"tail\" : \"([^\"]+)\"").matcher(state);
    assertThat(tail.find()).isTrue();
    group.storage.disk.sharedMemories().delete(tail.group(1));
    group.storage.dieAndStart();
    assertThat(served().trouble().orElseThrow()).contains("accept-loss vol0");
    assertThat(one(ask(OPERATOR, new Command.StartVolume("vol0"))).log()).isEmpty();
    assertThat(one(ask(OPERATOR, new Command.AcceptLoss("vol0"))).log()).isPresent();
    assertThat(volume().trouble()).isEmpty();
  }

  /** Rule K5: what makes clients wait or gives up history is not Temporal's to order. */
  @Test
  void onlyAnOperatorChangesHowAVolumeIsServed() throws Exception {
    served();
    for (Command command :
        List.of(
            new Command.StopVolume("vol0"),
            new Command.StartVolume("vol0"),
            new Command.ResetVolume("vol0", 0),
            new Command.AcceptLoss("vol0")))
      assertThat(refusal(TwinGroup.WORKER, command)).isEqualTo(RefusalCode.NOT_AUTHORISED);
    assertThat(volume().log().orElseThrow().session()).isZero();
  }

  @Test
  void theLogsOfServedVolumesAreMeasured() throws Exception {
    Reply.LogFacts log = served().log().orElseThrow();
    assertThat(log.capacityBytes()).isGreaterThan(14L << 20);
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    group.storage.service.measure(registry);
    while (registry.find("backstay.log.capacity").gauge() == null) Thread.onSpinWait();
    assertThat(registry.get("backstay.log.capacity").tag("volume", "vol0").gauge().value())
        .isEqualTo(log.capacityBytes());
  }
}
