package io.backstay.server;

import io.backstay.model.Names;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.seam.Time;
import io.backstay.wire.Channel;
import io.backstay.wire.ChannelClosedException;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Message.Hello;
import io.backstay.wire.Protocol;
import io.backstay.wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;

/**
 * The first words on a connection, each way (rules K1, K7). Whoever connected speaks first; the
 * other answers with its own Hello, or says why it will not talk and closes.
 *
 * <pre>
 *   connecting side                     accepting side
 *   Hello(group, name, versions) ------>
 *             <------------------------- Hello(group, name, versions), or Answer(Refused)
 * </pre>
 */
public final class HelloHandshake {
  /** A peer that does not finish its Hello within this time is closed. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private final Hello own;
  private final Time time;

  /**
   * @param software for people: "backstay 0.1.0"
   */
  public HelloHandshake(String group, String name, String software, Time time) {
    this(new Hello(group, name, Protocol.VERSION_MIN, Protocol.VERSION_MAX, software), time);
  }

  /** As a release with other versions would say it. */
  HelloHandshake(Hello own, Time time) {
    Names.require("group", own.group());
    Names.require("server", own.name());
    this.own = own;
    this.time = Objects.requireNonNull(time, "time");
  }

  /**
   * What was agreed.
   *
   * @param version highest that both speak
   * @param software of the other side
   */
  public record Agreement(int version, String software) {}

  /**
   * Says Hello on a connection that we made. The channel is left open, also when this throws.
   *
   * @throws RefusedException when one of the two sides will not talk: wrong-group, unsupported,
   *     not-authorised
   */
  public Agreement greet(Channel channel)
      throws RefusedException, IOException, InterruptedException {
    Message first;
    try (ChannelDeadline deadline = ChannelDeadline.start(channel, LIMIT, time)) {
      channel.send(Frame.of(own));
      first = first(channel, deadline);
    }
    return switch (first) {
      case Hello theirs -> agree(channel, theirs);
      case Message.Answer(Reply.Refused refused) -> throw new RefusedException(refused.refusal());
      case Message other -> throw unexpected(channel, other);
    };
  }

  /**
   * Answers the Hello of a connection that was made to us. The channel is left open, also when this
   * throws; a refusal was sent to the other side before it is thrown.
   *
   * @throws RefusedException as {@link #greet}
   */
  public Agreement answer(Channel channel)
      throws RefusedException, IOException, InterruptedException {
    try (ChannelDeadline deadline = ChannelDeadline.start(channel, LIMIT, time)) {
      Message first = first(channel, deadline);
      if (!(first instanceof Hello theirs)) throw unexpected(channel, first);
      try {
        Agreement agreement = agree(channel, theirs);
        channel.send(Frame.of(own));
        return agreement;
      } catch (RefusedException e) {
        channel.send(Frame.of(new Message.Answer(new Reply.Refused(e.refusal()))));
        throw e;
      }
    }
  }

  private Agreement agree(Channel channel, Hello theirs) throws RefusedException {
    if (!theirs.group().equals(own.group()) || !theirs.group().equals(channel.peer().group())) {
      throw refused(
          RefusalCode.WRONG_GROUP,
          "%s belongs to group %s, %s to group %s"
              .formatted(theirs.name(), theirs.group(), own.name(), own.group()),
          "connect to a server of the own group");
    }
    if (!theirs.name().equals(channel.peer().name())) {
      throw refused(
          RefusalCode.NOT_AUTHORISED,
          "it says that it is %s, its certificate that it is %s"
              .formatted(theirs.name(), channel.peer().name()),
          "give the server the certificate of its own name");
    }
    int version = Math.min(own.versionMax(), theirs.versionMax());
    if (version < Math.max(own.versionMin(), theirs.versionMin())) {
      throw refused(
          RefusalCode.UNSUPPORTED,
          "%s (%s) speaks protocol %d to %d, %s (%s) speaks %d to %d"
              .formatted(
                  theirs.name(),
                  theirs.software(),
                  theirs.versionMin(),
                  theirs.versionMax(),
                  own.name(),
                  own.software(),
                  own.versionMin(),
                  own.versionMax()),
          "upgrade in the order catalog, archives, proxies, storages, workers, command line");
    }
    return new Agreement(version, theirs.software());
  }

  private static RefusedException refused(RefusalCode code, String found, String next) {
    String message =
        code == RefusalCode.UNSUPPORTED
            ? "the two releases share no version of the protocol"
            : "the two servers do not belong together";
    return new RefusedException(
        Refusal.of(code, message).attempted("to say Hello").found(found).next(next));
  }

  private static IOException unexpected(Channel channel, Message first) {
    return new IOException(
        "%s began with a %s, expected was a Hello"
            .formatted(channel.peer().name(), first.getClass().getSimpleName()));
  }

  private static Message first(Channel channel, ChannelDeadline deadline)
      throws IOException, InterruptedException {
    try {
      Frame frame = channel.receive();
      frame.payload().close();
      return frame.message();
    } catch (ChannelClosedException e) {
      if (!deadline.passed()) throw e;
      throw new ChannelClosedException("no Hello within " + LIMIT.toSeconds() + " s", e);
    }
  }
}
