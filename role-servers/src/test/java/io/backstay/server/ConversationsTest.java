package io.backstay.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.seam.ChangeStamp;
import io.backstay.seam.Time;
import io.backstay.twin.ManualTime;
import io.backstay.twin.MemoryNetwork;
import io.backstay.twin.MemoryWire;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.MDC;

@Timeout(20)
class ConversationsTest {
  private static final Peer WORKER = new Peer("g", "w0", Role.WORKER);
  private static final Peer ARCHIVE = new Peer("g", "a0", Role.ARCHIVE);
  private static final Reply.ServerFacts FACTS =
      new Reply.ServerFacts(
          "a0", Role.ARCHIVE, "n0", "g", 1, Instant.EPOCH, "test", Instant.EPOCH.plusSeconds(1));
  private static final Message.OpenImage OPENING =
      new Message.OpenImage("r/1", "vol0", 1, 4096, ChangeStamp.UNKNOWN);

  private final Time time = Time.system();
  private final MemoryWire wire = new MemoryWire(time);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final ScriptedRole role = new ScriptedRole();
  private Conversations conversations;
  private Channel channel;

  /** Answers by the name of the volume that it is asked for. */
  private static final class ScriptedRole implements RoleService {
    @Override
    public void start() {}

    @Override
    public Reply answer(Peer peer, Command command) throws RefusedException, IOException {
      if (!(command instanceof Command.ListPoints list)) return new Reply.Done();
      return switch (list.volume()) {
        case "refused" -> throw new RefusedException(RefusalCode.HELD, "it is held");
        case "broken" -> throw new IOException("the disk is broken");
        case "defect" -> throw new IllegalStateException("a defect");
        case "away" -> throw new UnreachableException("a1 cannot be reached", null);
        case "large" -> new Reply.Refused(Refusal.of(RefusalCode.HELD, "x".repeat(2_000_000)));
        case "labels" -> new Reply.Refused(Refusal.of(RefusalCode.HELD, MDC.get("volume")));
        default -> new Reply.Points(List.of());
      };
    }

    @Override
    public void converse(Channel channel, Message opening)
        throws RefusedException, IOException, InterruptedException {
      if (!(opening instanceof Message.OpenImage open)) {
        RoleService.super.converse(channel, opening);
        return;
      }
      channel.send(Frame.of(new Message.ImageResume(0, Optional.empty())));
      channel.receive().payload().close();
      switch (open.operation()) {
        case "refused" -> throw new RefusedException(RefusalCode.NO_SPACE, "no space");
        case "broken" -> throw new IOException("the disk is broken");
        default -> channel.send(Frame.of(new Message.ImageDurable(1)));
      }
    }

    @Override
    public void stop() {}
  }

  @BeforeEach
  void connect() throws Exception {
    conversations =
        new Conversations(
            new MemoryNetwork(wire, ARCHIVE).listen("a0:1"),
            new HelloHandshake("g", "a0", "test", time),
            role,
            () -> FACTS,
            metrics,
            time);
    conversations.start();
    channel = dial();
  }

  private Channel dial() throws Exception {
    return new GroupDialer(
            new MemoryNetwork(wire, WORKER), new HelloHandshake("g", "w0", "test", time))
        .dial("a0", conversations.address());
  }

  @AfterEach
  void close() {
    channel.close();
    conversations.close();
  }

  @Test
  void oneConnectionCarriesRequestAfterRequest() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(ask(new Command.ListPoints("vol0"))).isEqualTo(new Reply.Points(List.of()));
    }
    assertThat(
            metrics.timer("backstay.commands", "command", "ListPoints", "outcome", "done").count())
        .isEqualTo(3);
  }

  @Test
  void everyServerSaysWhatItIs() throws Exception {
    assertThat(ask(new Command.Describe())).isEqualTo(FACTS);
  }

  @Test
  void anUnknownCommandIsAnsweredUnsupportedAndTheConnectionStaysRuleK7() throws Exception {
    assertThat(refusal(ask(new Command.Unknown()))).isEqualTo(RefusalCode.UNSUPPORTED);
    assertThat(ask(new Command.ListVolumes())).isEqualTo(new Reply.Done());
  }

  @Test
  void whatGoesWrongWithOneRequestIsItsAnswerAndTheConnectionStays() throws Exception {
    assertThat(refusal(ask(new Command.ListPoints("refused")))).isEqualTo(RefusalCode.HELD);
    assertThat(refusal(ask(new Command.ListPoints("broken")))).isEqualTo(RefusalCode.SERVER_FAILED);
    assertThat(refusal(ask(new Command.ListPoints("defect")))).isEqualTo(RefusalCode.SERVER_FAILED);
    assertThat(refusal(ask(new Command.ListPoints("away")))).isEqualTo(RefusalCode.UNREACHABLE);
    assertThat(refusal(ask(new Command.ListPoints("large")))).isEqualTo(RefusalCode.SERVER_FAILED);
    assertThat(RefusalCode.SERVER_FAILED.advice()).isEqualTo(RefusalCode.Advice.RETRY);
    assertThat(ask(new Command.ListPoints("vol0"))).isInstanceOf(Reply.Points.class);
  }

  @Test
  void whatIsLoggedWhileACommandIsAnsweredNamesItsVolume() throws Exception {
    Reply reply = ask(new Command.ListPoints("labels"));
    assertThat(((Reply.Refused) reply).refusal().message()).isEqualTo("labels");
  }

  @Test
  void aTransferThatEndsInOrderLeavesTheConnectionForRequests() throws Exception {
    channel.send(Frame.of(OPENING));
    assertThat(channel.receive().message()).isInstanceOf(Message.ImageResume.class);
    channel.send(Frame.of(new Message.ImageDurable(5)));
    assertThat(channel.receive().message()).isEqualTo(new Message.ImageDurable(1));
    assertThat(ask(new Command.Describe())).isEqualTo(FACTS);
  }

  @Test
  void aTransferThatIsRefusedInTheMiddleTellsAPeerThatIsStillSending() throws Exception {
    for (String operation : new String[] {"refused", "broken"}) {
      try (Channel sender = dial()) {
        sender.send(
            Frame.of(new Message.OpenImage(operation, "vol0", 1, 4096, ChangeStamp.UNKNOWN)));
        assertThat(sender.receive().message()).isInstanceOf(Message.ImageResume.class);
        for (int i = 0; i < 500; i++) sender.send(Frame.of(new Message.ImageDurable(i)));
        assertThat(refusal(((Message.Answer) sender.receive().message()).reply()))
            .isEqualTo(
                operation.equals("refused") ? RefusalCode.NO_SPACE : RefusalCode.SERVER_FAILED);
      }
    }
  }

  @Test
  void aRefusedPeerThatDoesNotLeaveIsClosedAfterFiveSeconds() throws Exception {
    ManualTime manual = new ManualTime(Instant.EPOCH, 1);
    try (Conversations patient =
        new Conversations(
            new MemoryNetwork(wire, new Peer("g", "a1", Role.ARCHIVE)).listen("a1:1"),
            new HelloHandshake("g", "a1", "test", manual),
            role,
            () -> FACTS,
            metrics,
            manual)) {
      patient.start();
      GroupDialer dialer =
          new GroupDialer(
              new MemoryNetwork(wire, WORKER), new HelloHandshake("g", "w0", "test", time));
      try (Channel sender = dialer.dial("a1", "a1:1")) {
        sender.send(Frame.of(new Message.ImageDurable(1)));
        assertThat(refusal(((Message.Answer) sender.receive().message()).reply()))
            .isEqualTo(RefusalCode.UNSUPPORTED);
        Thread clock = time.fork("clock", () -> advance(manual));
        assertThatThrownBy(sender::receive).isInstanceOf(ChannelClosedException.class);
        clock.interrupt();
        clock.join();
      }
    }
  }

  private static void advance(ManualTime manual) {
    while (!Thread.currentThread().isInterrupted()) {
      manual.advance(Duration.ofSeconds(5));
      Thread.yield();
    }
  }

  @Test
  void closingEndsAllConversations() {
    conversations.close();
    assertThatThrownBy(() -> channel.receive()).isInstanceOf(ChannelClosedException.class);
    assertThatThrownBy(this::dial).hasMessageContaining("a0:1");
  }

  private Reply ask(Command command) throws IOException, InterruptedException {
    channel.send(Frame.of(new Message.Request(command)));
    return ((Message.Answer) channel.receive().message()).reply();
  }

  private static RefusalCode refusal(Reply reply) {
    return ((Reply.Refused) reply).refusal().code();
  }
}
