package io.backstay.server;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection after its Hello: request and answer, again and again, or a transfer that the role
 * takes over. What goes wrong with one request is its answer, and the connection stays (rule K7);
 * what goes wrong with a transfer is said to the peer and ends the connection.
 */
final class Conversation {
  private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);

  /**
   * How long what a peer still sends is taken and thrown away after it was refused in the middle of
   * a transfer: closing at once would reset the connection, and the reason be lost with it.
   */
  private static final Duration LINGER = Duration.ofSeconds(5);

  private final Channel channel;
  private final RoleService service;
  private final Supplier<Reply.ServerFacts> facts;
  private final MeterRegistry metrics;
  private final Time time;

  Conversation(
      Channel channel,
      RoleService service,
      Supplier<Reply.ServerFacts> facts,
      MeterRegistry metrics,
      Time time) {
    this.channel = channel;
    this.service = service;
    this.facts = facts;
    this.metrics = metrics;
    this.time = time;
  }

  /** Returns when the conversation is over in order. */
  void run() throws IOException, InterruptedException {
    boolean goesOn = true;
    while (goesOn) {
      Frame frame = channel.receive();
      frame.payload().close();
      goesOn =
          switch (frame.message()) {
            case Message.Request(Command command) -> request(command);
            case Message opening -> transfer(opening);
          };
    }
  }

  private boolean request(Command command) throws IOException, InterruptedException {
    long began = time.nanos();
    Reply reply = reply(command);
    metrics
        .timer(
            "backstay.commands",
            "command",
            command.getClass().getSimpleName(),
            "outcome",
            reply instanceof Reply.Refused refused ? refused.refusal().code().word() : "done")
        .record(Duration.ofNanos(time.nanos() - began));
    try {
      send(reply);
    } catch (IllegalArgumentException tooLarge) {
      LOG.error("the answer to {} does not fit a frame", command, tooLarge);
      send(new Reply.Refused(failed("answer", tooLarge)));
    }
    return true;
  }

  private Reply reply(Command command) throws InterruptedException {
    Peer peer = channel.peer();
    try (CommandLabels labels = CommandLabels.of(command)) {
      return switch (command) {
        case Command.Unknown unknown ->
            new Reply.Refused(
                Refusal.of(RefusalCode.UNSUPPORTED, "this server does not know that command")
                    .found("a command of a newer release, asked by " + peer.name())
                    .next("upgrade this server"));
        case Command.Describe describe -> facts.get();
        case Command known -> service.answer(peer, known);
      };
    } catch (RefusedException e) {
      return new Reply.Refused(e.refusal());
    } catch (UnreachableException e) {
      return new Reply.Refused(Refusal.of(RefusalCode.UNREACHABLE, e.getMessage()));
    } catch (IOException | RuntimeException e) {
      String what = command.getClass().getSimpleName();
      LOG.error("{} of {} failed", what, peer.name(), e);
      return new Reply.Refused(failed(what, e));
    }
  }

  private boolean transfer(Message opening) throws IOException, InterruptedException {
    String what = opening.getClass().getSimpleName();
    try {
      service.converse(channel, opening);
      return true;
    } catch (RefusedException e) {
      LOG.info("{} of {} was refused: {}", what, channel.peer().name(), e.refusal().message());
      leave(e.refusal());
    } catch (ChannelClosedException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      LOG.error("{} of {} failed", what, channel.peer().name(), e);
      leave(failed(what, e));
    }
    return false;
  }

  private static Refusal failed(String what, Exception cause) {
    return Refusal.of(RefusalCode.SERVER_FAILED, "the server failed at it")
        .attempted(what)
        .found(cause.toString())
        .next("see the server's log; it is tried again by itself");
  }

  private void leave(Refusal refusal) throws IOException, InterruptedException {
    try (ChannelDeadline deadline = ChannelDeadline.start(channel, LINGER, time)) {
      send(new Reply.Refused(refusal));
      while (true) channel.receive().payload().close();
    } catch (ChannelClosedException e) {
      LOG.debug("{} left: {}", channel.peer().name(), e.getMessage());
    }
  }

  private void send(Reply reply) throws IOException, InterruptedException {
    channel.send(Frame.of(new Message.Answer(reply)));
  }
}
