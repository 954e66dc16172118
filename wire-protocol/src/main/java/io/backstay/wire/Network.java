package io.backstay.wire;

import java.io.Closeable;
import java.io.IOException;

/** Makes {@link Channel}s to other servers of the group and takes theirs. */
public interface Network {
  /**
   * Connects and authenticates within the implementation's time limit.
   *
   * @param address {@code host:port}
   * @throws java.net.ConnectException and other IOExceptions that name the address and the cause
   */
  Channel connect(String address) throws IOException;

  /** Takes connections at {@code host:port} (port 0: any free one) until closed. */
  Listener listen(String address) throws IOException;

  interface Listener extends Closeable {
    /** Where it listens, with the real port. */
    String address();

    /**
     * Waits for the next authenticated connection. Throws {@link ChannelClosedException} once
     * closed.
     */
    Channel accept() throws IOException, InterruptedException;

    @Override
    void close();
  }
}
