package io.backstay.roles;

import io.backstay.wire.Channel;
import io.backstay.wire.Frame;
import io.backstay.wire.Message;
import io.backstay.wire.Peer;
import java.io.IOException;
import java.util.function.Consumer;

/** A server's end of a conversation; somebody hears each of its messages before it is sent. */
record OverheardChannel(Channel channel, Consumer<Message> heard) implements Channel {
  @Override
  public Peer peer() {
    return channel.peer();
  }

  @Override
  public void send(Frame frame) throws IOException, InterruptedException {
    heard.accept(frame.message());
    channel.send(frame);
  }

  @Override
  public Frame receive() throws IOException, InterruptedException {
    return channel.receive();
  }

  @Override
  public void close() {
    channel.close();
  }
}
