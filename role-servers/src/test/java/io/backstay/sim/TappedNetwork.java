package io.backstay.sim;

import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Network;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.Optional;

/** A server's network on which a {@link Witness} listens: connections that the server takes. */
record TappedNetwork(String server, Network network, Witness witness) implements Network {
  @Override
  public Channel connect(String address) throws IOException {
    return network.connect(address);
  }

  @Override
  public Listener listen(String address) throws IOException {
    Listener listener = network.listen(address);
    return new Listener() {
      @Override
      public String address() {
        return listener.address();
      }

      @Override
      public Channel accept() throws IOException, InterruptedException {
        return new Tap(listener.accept());
      }

      @Override
      public void close() {
        listener.close();
      }
    };
  }

  private final class Tap implements Channel {
    private final Channel channel;
    private Optional<Command> asked = Optional.empty();
    private Optional<Message.OpenImage> opened = Optional.empty();
    private Witness.Before before;

    private Tap(Channel channel) {
      this.channel = channel;
    }

    @Override
    public Peer peer() {
      return channel.peer();
    }

    @Override
    public Frame receive() throws IOException, InterruptedException {
      Frame frame = channel.receive();
      if (frame.message() instanceof Message.Request(Command command)) {
        asked = Optional.of(command);
        before = witness.asked(server, peer(), command);
      }
      if (frame.message() instanceof Message.OpenImage open) {
        opened = Optional.of(open);
        before = witness.opened(server, open);
      }
      return frame;
    }

    @Override
    public void send(Frame frame) throws IOException, InterruptedException {
      if (frame.message() instanceof Message.Answer answer && asked.isPresent())
        witness.answered(server, peer(), asked.get(), before, answer.reply());
      if (opened.isPresent()) hear(opened.get(), frame.message());
      channel.send(frame);
    }

    private void hear(Message.OpenImage open, Message said) {
      if (said instanceof Message.ImageResume resume)
        witness.imageResumed(server, open, before, resume);
      if (said instanceof Message.ImageDurable durable)
        witness.imageDurable(server, open, durable.upTo());
      if (said instanceof Message.Committed committed)
        witness.imageCommitted(server, open, committed);
    }

    @Override
    public void close() {
      channel.close();
    }
  }
}
