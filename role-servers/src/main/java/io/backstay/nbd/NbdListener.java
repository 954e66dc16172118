package io.backstay.nbd;

import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Where clients come in. Closing it lets in no more of them; who is in stays. */
public final class NbdListener implements AutoCloseable {
  private final String address;
  private final UnaryOperator<String> uri;
  private final Runnable unbind;
  private final Consumer<NbdListener> closed;

  NbdListener(
      String address, UnaryOperator<String> uri, Runnable unbind, Consumer<NbdListener> closed) {
    this.address = address;
    this.uri = uri;
    this.unbind = unbind;
    this.closed = closed;
  }

  /** {@code host:port}, or the path of the socket. */
  public String address() {
    return address;
  }

  /** How NBD clients write an export here. */
  public String uri(String export) {
    return uri.apply(export);
  }

  @Override
  public void close() {
    unbind.run();
    closed.accept(this);
  }
}
