package io.backstay.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A client that sends requests of one kind in bursts: what a new build is trained with. It asks for
 * structured replies, as real clients do.
 */
public final class NbdClient implements AutoCloseable {
  private static final int GREETING_BYTES = 18;

  /** Size and flags of the export. */
  private static final int EXPORT_BYTES = 10;

  private final SocketChannel socket;
  private long cookie;

  private NbdClient(SocketChannel socket) {
    this.socket = socket;
  }

  /** Ready for requests to the volume that is served at this Unix socket. */
  public static NbdClient connect(Path socket, String export) throws IOException {
    NbdClient client =
        new NbdClient(SocketChannel.open(UnixDomainSocketAddress.of(socket.toString())));
    try {
      client.negotiate(export.getBytes(StandardCharsets.UTF_8));
      return client;
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  private void negotiate(byte[] export) throws IOException {
    ByteBuffer greeting = receive(GREETING_BYTES);
    if (greeting.getLong() != Protocol.GREETING_MAGIC
        || greeting.getLong() != Protocol.OPTION_MAGIC) throw new IOException("no NBD server");
    int flags = Protocol.FIXED_NEWSTYLE | Protocol.NO_ZEROES;
    send(
        ByteBuffer.allocate(4 + Protocol.OPTION_BYTES)
            .putInt(flags)
            .putLong(Protocol.OPTION_MAGIC)
            .putInt(Protocol.OPT_STRUCTURED_REPLY)
            .putInt(0));
    ByteBuffer reply = receive(Protocol.CHUNK_BYTES);
    if (reply.getInt(12) != Protocol.REP_ACK) throw new IOException("no structured replies");
    send(
        ByteBuffer.allocate(Protocol.OPTION_BYTES + export.length)
            .putLong(Protocol.OPTION_MAGIC)
            .putInt(Protocol.OPT_EXPORT_NAME)
            .putInt(export.length)
            .put(export));
    receive(EXPORT_BYTES);
  }

  /** Writes the same bytes to all these places; all are acknowledged when it returns. */
  public void write(byte[] bytes, long... offsets) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(offsets.length * (Protocol.REQUEST_BYTES + bytes.length));
    for (long offset : offsets) put(all, Protocol.WRITE, offset, bytes.length).put(bytes);
    send(all);
    for (int i = 0; i < offsets.length; i++) answer();
  }

  /** Reads as many bytes at each of these places. */
  public void read(int bytes, long... offsets) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(offsets.length * Protocol.REQUEST_BYTES);
    for (long offset : offsets) put(all, Protocol.READ, offset, bytes);
    send(all);
    for (int i = 0; i < offsets.length; i++) answer();
  }

  public void flush() throws IOException {
    send(put(ByteBuffer.allocate(Protocol.REQUEST_BYTES), Protocol.FLUSH, 0, 0));
    answer();
  }

  private ByteBuffer put(ByteBuffer into, int command, long offset, int length) {
    return into.putInt(Protocol.REQUEST_MAGIC)
        .putShort((short) 0)
        .putShort((short) command)
        .putLong(++cookie)
        .putLong(offset)
        .putInt(length);
  }

  /** Takes one answer, whichever request it belongs to. */
  private void answer() throws IOException {
    ByteBuffer head = receive(Protocol.SIMPLE_BYTES);
    int error = 0;
    if (head.getInt(0) == Protocol.CHUNK_MAGIC) {
      ByteBuffer rest = receive(receive(4).getInt());
      if (head.getShort(6) < 0) error = rest.getInt();
    } else if (head.getInt(0) == Protocol.SIMPLE_MAGIC) {
      error = head.getInt(4);
    } else {
      throw new IOException("no answer of NBD: magic %08x".formatted(head.getInt(0)));
    }
    if (error != 0) throw new IOException("the NBD server answers error " + error);
  }

  /** A filled buffer, from its beginning. */
  private void send(ByteBuffer filled) throws IOException {
    filled.flip();
    while (filled.hasRemaining()) socket.write(filled);
  }

  private ByteBuffer receive(int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining())
      if (socket.read(into) < 0) throw new EOFException("the NBD server closed the connection");
    return into.flip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
