package io.backstay.nbd;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A client that sends requests of one kind in bursts: what a new build is trained with. It asks for
 * structured replies, as real clients do.
 */
public final class NbdClient implements AutoCloseable {
  /** Size and flags of the export. */
  private static final int EXPORT_BYTES = 10;

  private final NbdSocket socket;
  private long cookie;

  private NbdClient(NbdSocket socket) {
    this.socket = socket;
  }

  /** The Unix socket of a URI as {@code volume show} gives it. */
  public static UnixDomainSocketAddress address(String nbdUri) {
    return UnixDomainSocketAddress.of(URI.create(nbdUri).getQuery().substring("socket=".length()));
  }

  /** Ready for requests to the volume that is served at this socket. */
  public static NbdClient connect(SocketAddress address, String export) throws IOException {
    NbdClient client = new NbdClient(NbdSocket.connect(address));
    try {
      client.negotiate(export.getBytes(StandardCharsets.UTF_8));
      return client;
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  private void negotiate(byte[] export) throws IOException {
    socket.greet(Protocol.FIXED_NEWSTYLE | Protocol.NO_ZEROES);
    socket.send(NbdSocket.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]));
    ByteBuffer reply = socket.receive(Protocol.OPTION_REPLY_BYTES);
    if (reply.getInt(12) != Protocol.REP_ACK) throw new IOException("no structured replies");
    socket.send(NbdSocket.option(Protocol.OPT_EXPORT_NAME, export));
    socket.receive(EXPORT_BYTES);
  }

  /** Writes the same bytes to all these places; all are acknowledged when it returns. */
  public void write(byte[] bytes, long... offsets) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(offsets.length * (Protocol.REQUEST_BYTES + bytes.length));
    for (long offset : offsets) put(all, Protocol.WRITE, offset, bytes.length).put(bytes);
    socket.send(all);
    for (int i = 0; i < offsets.length; i++) answer();
  }

  /** Reads as many bytes at each of these places. */
  public void read(int bytes, long... offsets) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(offsets.length * Protocol.REQUEST_BYTES);
    for (long offset : offsets) put(all, Protocol.READ, offset, bytes);
    socket.send(all);
    for (int i = 0; i < offsets.length; i++) answer();
  }

  public void flush() throws IOException {
    socket.send(put(ByteBuffer.allocate(Protocol.REQUEST_BYTES), Protocol.FLUSH, 0, 0));
    answer();
  }

  private ByteBuffer put(ByteBuffer into, int command, long offset, int length) {
    return NbdSocket.putRequest(into, command, 0, ++cookie, offset, length);
  }

  /** Takes one answer, whichever request it belongs to. */
  private void answer() throws IOException {
    ByteBuffer head = socket.receive(Protocol.SIMPLE_BYTES);
    int error = 0;
    if (head.getInt(0) == Protocol.CHUNK_MAGIC) {
      ByteBuffer rest = socket.receive(socket.receive(4).getInt());
      if (head.getShort(6) < 0) error = rest.getInt();
    } else if (head.getInt(0) == Protocol.SIMPLE_MAGIC) {
      error = head.getInt(4);
    } else {
      throw new IOException("no answer of NBD: magic %08x".formatted(head.getInt(0)));
    }
    if (error != 0) throw new IOException("the NBD server answers error " + error);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
