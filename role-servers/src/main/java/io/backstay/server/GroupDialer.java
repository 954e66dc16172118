package io.backstay.server;

import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.wire.Channel;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.util.function.Predicate;

/** Connects to servers of the group over any network, and makes sure that they are those meant. */
public final class GroupDialer implements Dialer {
  private final Network network;
  private final HelloHandshake hello;

  public GroupDialer(Network network, HelloHandshake hello) {
    this.network = network;
    this.hello = hello;
  }

  /**
   * @throws UnreachableException also when one side will not talk to the other
   */
  @Override
  public Channel dial(String server, String address)
      throws UnreachableException, InterruptedException {
    try {
      return open(server, address);
    } catch (RefusedException e) {
      throw new UnreachableException(
          "%s at %s will not talk: %s: %s"
              .formatted(server, address, e.refusal().message(), e.refusal().found()),
          e);
    }
  }

  /** As {@link #dial}, for a caller to whom a refusal is an answer. */
  Channel open(String server, String address)
      throws RefusedException, UnreachableException, InterruptedException {
    return open(server, address, peer -> peer.name().equals(server));
  }

  /** As {@link #open}, for the catalog whatever its name is. */
  Channel openCatalog(String address)
      throws RefusedException, UnreachableException, InterruptedException {
    return open("the catalog", address, peer -> peer.role() == Role.CATALOG);
  }

  private Channel open(String server, String address, Predicate<Peer> meant)
      throws RefusedException, UnreachableException, InterruptedException {
    Channel channel = connect(server, address);
    boolean agreed = false;
    try {
      Peer peer = channel.peer();
      if (!meant.test(peer)) {
        throw new IOException("it is %s, a %s".formatted(peer.name(), peer.role().word()));
      }
      hello.greet(channel);
      agreed = true;
      return channel;
    } catch (IOException e) {
      throw new UnreachableException("%s at %s: %s".formatted(server, address, e.getMessage()), e);
    } finally {
      if (!agreed) channel.close();
    }
  }

  private Channel connect(String server, String address) throws UnreachableException {
    try {
      return network.connect(address);
    } catch (IOException e) {
      throw new UnreachableException(
          "%s cannot be reached: %s".formatted(server, e.getMessage()), e);
    }
  }
}
