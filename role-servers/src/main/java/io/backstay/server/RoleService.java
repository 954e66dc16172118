package io.backstay.server;

import io.backstay.model.RefusedException;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import io.backstay.wire.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;

/**
 * One role of the group: what it answers. The frame around it (accept, Hello, one virtual thread
 * per connection, request after request) is {@code Conversations}, the same for all roles, so that
 * a role never sees a connection of another group, and the simulator can drive it over an in-memory
 * network.
 */
public interface RoleService {
  /** Loads what is durable and resumes what was running. Nothing is served before it returns. */
  void start() throws IOException, InterruptedException;

  /**
   * Answers one command; called from many threads at a time. A {@link RefusedException} becomes
   * {@link Reply.Refused}; any other exception is logged and answered as a refusal of class retry,
   * and the connection stays.
   *
   * @param peer whose certificate allows what it asks for, or the role refuses with {@code
   *     not-authorised} (rule K5)
   */
  Reply answer(Peer peer, Command command)
      throws RefusedException, IOException, InterruptedException;

  /**
   * Takes over a connection whose next message is not a {@link Message.Request}, until it returns:
   * an image transfer. The connection is closed afterwards if this throws, and goes on with
   * requests if it returns.
   */
  default void converse(Channel channel, Message opening)
      throws RefusedException, IOException, InterruptedException {
    throw new RefusedException(
        io.backstay.model.RefusalCode.UNSUPPORTED,
        "this server does not take a " + opening.getClass().getSimpleName());
  }

  /** Registers what the role measures; called once, before {@link #start}. */
  default void measure(MeterRegistry registry) {}

  /** Brings running operations to a steady state with their progress durable, and returns. */
  void stop() throws InterruptedException;
}
