package io.backstay.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A client's end of a connection: whole messages out, so many bytes in, as {@link Protocol} has.
 */
final class NbdSocket implements AutoCloseable {
  private static final int GREETING_BYTES = 18;

  private final SocketChannel socket;

  private NbdSocket(SocketChannel socket) {
    this.socket = socket;
  }

  static NbdSocket connect(SocketAddress address) throws IOException {
    return new NbdSocket(SocketChannel.open(address));
  }

  /** Takes the server's greeting and answers with the client's flags. */
  void greet(int flags) throws IOException {
    ByteBuffer greeting = receive(GREETING_BYTES);
    if (greeting.getLong() != Protocol.GREETING_MAGIC
        || greeting.getLong() != Protocol.OPTION_MAGIC) throw new IOException("no greeting of NBD");
    send(ByteBuffer.allocate(4).putInt(flags));
  }

  /** A filled buffer. */
  static ByteBuffer option(int option, byte[] data) {
    return ByteBuffer.allocate(Protocol.OPTION_BYTES + data.length)
        .putLong(Protocol.OPTION_MAGIC)
        .putInt(option)
        .putInt(data.length)
        .put(data);
  }

  /** Puts a request, behind which the bytes of a write follow; the buffer. */
  static ByteBuffer putRequest(
      ByteBuffer into, int command, int flags, long cookie, long offset, long length) {
    return into.putInt(Protocol.REQUEST_MAGIC)
        .putShort((short) flags)
        .putShort((short) command)
        .putLong(cookie)
        .putLong(offset)
        .putInt((int) length);
  }

  /** Sends a filled buffer, from its beginning. */
  void send(ByteBuffer filled) throws IOException {
    filled.flip();
    while (filled.hasRemaining()) socket.write(filled);
  }

  /** Waits for so many bytes, ready to be read. */
  ByteBuffer receive(int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (socket.read(into) < 0) throw new EOFException("the server closed the connection");
    }
    return into.flip();
  }

  /** Waits until the server closes; false if it says something instead. */
  boolean isClosed() {
    try {
      return socket.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
