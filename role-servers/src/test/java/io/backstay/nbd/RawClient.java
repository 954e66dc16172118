package io.backstay.nbd;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Speaks NBD byte by byte, so that a test can also say what no client would. */
public final class RawClient implements AutoCloseable {
  private final NbdSocket socket;
  boolean structured;

  /** A reply to an option. */
  record Reply(int option, int type, byte[] data) {
    ByteBuffer bytes() {
      return ByteBuffer.wrap(data);
    }

    String text() {
      return new String(data, StandardCharsets.UTF_8);
    }
  }

  /** An answer to a request: one chunk, or a simple reply. */
  record Answer(long cookie, int error, byte[] data) {}

  private RawClient(NbdSocket socket) {
    this.socket = socket;
  }

  /** Connected, and nothing said yet. */
  static RawClient connect(SocketAddress address) throws IOException {
    return new RawClient(NbdSocket.connect(address));
  }

  /** Connected, with flags exchanged. */
  static RawClient greeted(SocketAddress address) throws IOException {
    RawClient client = connect(address);
    client.greet(Protocol.FIXED_NEWSTYLE | Protocol.NO_ZEROES);
    return client;
  }

  /** Ready for requests, with simple replies. */
  public static RawClient using(String export, SocketAddress address) throws IOException {
    RawClient client = greeted(address);
    client.go(export);
    return client;
  }

  /** Ready for requests, with structured replies and base:allocation. */
  static RawClient usingAll(String export, SocketAddress address) throws IOException {
    RawClient client = greeted(address);
    client.structured = true;
    client.option(Protocol.OPT_STRUCTURED_REPLY);
    client.option(Protocol.OPT_SET_META_CONTEXT, query(export, Protocol.BASE_ALLOCATION));
    client.go(export);
    return client;
  }

  void greet(int flags) throws IOException {
    socket.greet(flags);
  }

  // ---- options

  static byte[] name(String export) {
    byte[] bytes = export.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).array();
  }

  /** Of INFO and GO. */
  static byte[] wish(String export, int... kinds) {
    byte[] name = name(export);
    ByteBuffer wish = ByteBuffer.allocate(name.length + 2 + 2 * kinds.length).put(name);
    wish.putShort((short) kinds.length);
    for (int kind : kinds) wish.putShort((short) kind);
    return wish.array();
  }

  /** Of LIST_META_CONTEXT and SET_META_CONTEXT. */
  static byte[] query(String export, String... contexts) {
    ByteBuffer query = ByteBuffer.allocate(8192).put(name(export)).putInt(contexts.length);
    for (String context : contexts) query.put(name(context));
    byte[] bytes = new byte[query.flip().remaining()];
    query.get(bytes);
    return bytes;
  }

  /** The replies, up to and with the one that ends them. */
  List<Reply> option(int option, byte... data) throws IOException {
    send(NbdSocket.option(option, data));
    List<Reply> replies = new ArrayList<>();
    do {
      replies.add(reply());
    } while (replies.getLast().type() != Protocol.REP_ACK && replies.getLast().type() > 0);
    return replies;
  }

  Reply reply() throws IOException {
    ByteBuffer head = read(Protocol.OPTION_REPLY_BYTES);
    if (head.getLong() != Protocol.OPTION_REPLY_MAGIC) throw new IOException("no reply");
    int option = head.getInt();
    int type = head.getInt();
    return new Reply(option, type, read(head.getInt()).array());
  }

  void go(String export) throws IOException {
    Reply last = option(Protocol.OPT_GO, wish(export)).getLast();
    if (last.type() != Protocol.REP_ACK) throw new IOException("no GO: " + last.text());
  }

  // ---- requests

  static ByteBuffer requestBytes(int command, int flags, long cookie, long offset, long length) {
    ByteBuffer request = ByteBuffer.allocate(Protocol.REQUEST_BYTES);
    return NbdSocket.putRequest(request, command, flags, cookie, offset, length);
  }

  void request(int command, int flags, long cookie, long offset, long length) throws IOException {
    send(requestBytes(command, flags, cookie, offset, length));
  }

  void write(int flags, long cookie, long offset, byte[] bytes) throws IOException {
    ByteBuffer head = requestBytes(Protocol.WRITE, flags, cookie, offset, bytes.length).flip();
    send(ByteBuffer.allocate(head.remaining() + bytes.length).put(head).put(bytes));
  }

  /** The answer to a read of so many bytes, or to anything else with 0. */
  Answer answer(int bytes) throws IOException {
    return structured ? structuredAnswer() : simpleAnswer(bytes);
  }

  private Answer simpleAnswer(int bytes) throws IOException {
    ByteBuffer head = read(16);
    if (head.getInt() != Protocol.SIMPLE_MAGIC) throw new IOException("no simple reply");
    int error = head.getInt();
    return new Answer(head.getLong(), error, read(error == 0 ? bytes : 0).array());
  }

  private Answer structuredAnswer() throws IOException {
    ByteBuffer head = read(16);
    int magic = head.getInt();
    if (magic == Protocol.SIMPLE_MAGIC) {
      int error = head.getInt();
      return new Answer(head.getLong(), error, new byte[0]);
    }
    if (magic != Protocol.CHUNK_MAGIC || head.getShort() != Protocol.CHUNK_DONE) {
      throw new IOException("not the only chunk");
    }
    int type = head.getShort() & 0xffff;
    long cookie = head.getLong();
    ByteBuffer body = read(read(4).getInt());
    boolean error = type == Protocol.CHUNK_ERROR;
    if (type == Protocol.CHUNK_OFFSET_DATA) body.getLong();
    int errno = error ? body.getInt() : 0;
    byte[] rest = new byte[body.remaining()];
    body.get(rest);
    return new Answer(cookie, errno, rest);
  }

  public byte[] read(long offset, int bytes) throws IOException {
    request(Protocol.READ, 0, 1, offset, bytes);
    Answer answer = answer(bytes);
    if (answer.error() != 0) throw new IOException("errno " + answer.error());
    return answer.data();
  }

  /** Writes and waits for the answer. */
  public void store(long offset, byte[] bytes) throws IOException {
    write(0, 2, offset, bytes);
    Answer answer = answer(0);
    if (answer.error() != 0) throw new IOException("errno " + answer.error());
  }

  /** Zeroes, without saying how. */
  public void discard(long offset, int bytes) throws IOException {
    done(Protocol.TRIM, offset, bytes);
  }

  public void flush() throws IOException {
    done(Protocol.FLUSH, 0, 0);
  }

  private void done(int command, long offset, int bytes) throws IOException {
    request(command, 0, 3, offset, bytes);
    Answer answer = answer(0);
    if (answer.error() != 0) throw new IOException("errno " + answer.error());
  }

  // ---- bytes

  /** A filled buffer, from its beginning. */
  void send(ByteBuffer filled) throws IOException {
    socket.send(filled);
  }

  ByteBuffer read(int bytes) throws IOException {
    return socket.receive(bytes);
  }

  /** Waits until the server closes; false if it says something instead. */
  boolean isClosed() {
    return socket.isClosed();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
