package io.backstay.wire;

import java.io.Closeable;
import java.io.IOException;

/**
 * One authenticated connection that carries frames both ways, in order. One thread sends and one
 * thread receives; these may be two. A conversation is sequential code over a channel.
 */
public interface Channel extends Closeable {
  /** Who is at the other end, from its certificate. */
  Peer peer();

  /**
   * Sends one frame and takes over its payload, which is released when the bytes are on their way,
   * or lost with the channel. Waits while the peer does not take what was sent before
   * (back-pressure).
   *
   * @throws ChannelClosedException when the connection is gone; frames sent before may or may not
   *     have arrived
   */
  void send(Frame frame) throws IOException, InterruptedException;

  /**
   * The next frame; its payload belongs to the caller, who closes it. Waits without limit: a silent
   * peer is noticed by the transport's keep-alive, which then closes the channel.
   *
   * @throws ChannelClosedException when the connection is gone and all frames that arrived were
   *     taken
   */
  Frame receive() throws IOException, InterruptedException;

  /**
   * Closes at once; threads in {@link #send} and {@link #receive} get {@link
   * ChannelClosedException}.
   */
  @Override
  void close();
}
