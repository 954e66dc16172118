package io.backstay.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A frame as bytes. Integers are little-endian.
 *
 * <pre>
 *  off  size  field
 *    0     4  magic "BKS1"
 *    4     4  head bytes h, 1 .. 1048576
 *    8     4  payload bytes p, 0 .. 4194304
 *   12     4  CRC32C of bytes 0 .. 11, the head and the block checksums
 *   16     h  head: CBOR of a {@link Message}
 * 16+h    4b  block checksums, b = ceil(p / 65536): CRC32C of each 64 KiB of the payload
 *    .     p  payload
 * </pre>
 *
 * <p>A frame is refused by its first 16 bytes when it is not ours or too large, so that no more
 * than a frame's limit is ever buffered for a peer (rule K7).
 *
 * <p>A header with h = 0 and p = 0 is a whole frame that says nothing: the {@linkplain #keepAlive()
 * keep-alive} by which a transport hears that its peer lives. It is never handed up.
 */
public final class FrameCodec {
  public static final int HEADER_BYTES = 16;

  /** The largest head is a whole catalog: about a thousand signed records. */
  public static final int HEAD_BYTES_MAX = 1024 * 1024;

  private static final int MAGIC = 'B' | 'K' << 8 | 'S' << 16 | '1' << 24;

  private static final int KEEP_ALIVE_CHECKSUM =
      keepAlive().order(ByteOrder.LITTLE_ENDIAN).getInt(12);

  private FrameCodec() {}

  /** The lengths that a frame's first 16 bytes tell. */
  public record Header(int headBytes, int payloadBytes, int checksum) {
    /** Bytes between the header and the payload. */
    public int prefixBytes() {
      return headBytes + 4 * Payload.blocks(payloadBytes);
    }

    /** A frame that ends here and says nothing. */
    public boolean isKeepAlive() {
      return headBytes == 0;
    }
  }

  /** The frame that says nothing. */
  public static ByteBuffer keepAlive() {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(0).putInt(0).putInt(0).flip();
    return out.putInt(12, checksum(out));
  }

  /** All of the frame but its payload. */
  public static ByteBuffer encodePrefix(Frame frame) {
    byte[] head = Cbor.write(frame.message());
    if (head.length > HEAD_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a %s of %d bytes does not fit a frame, the limit is %d"
              .formatted(frame.message().getClass().getSimpleName(), head.length, HEAD_BYTES_MAX));
    }
    int[] checksums = frame.payload().checksums();
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + head.length + 4 * checksums.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(head.length).putInt(frame.payload().sizeBytes()).putInt(0).put(head);
    for (int checksum : checksums) out.putInt(checksum);
    out.flip();
    out.putInt(12, checksum(out));
    return out;
  }

  /**
   * @param in at least 16 bytes; its position moves behind them
   */
  public static Header decodeHeader(ByteBuffer in) throws MalformedFrameException {
    ByteBuffer bytes = in.slice(in.position(), HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + HEADER_BYTES);
    int magic = bytes.getInt();
    if (magic != MAGIC) {
      throw new MalformedFrameException(
          "a frame begins with %08x, expected %08x: not the Backstay protocol"
              .formatted(magic, MAGIC));
    }
    int headBytes = bytes.getInt();
    int payloadBytes = bytes.getInt();
    int checksum = bytes.getInt();
    if (headBytes == 0 && payloadBytes == 0 && checksum == KEEP_ALIVE_CHECKSUM) {
      return new Header(0, 0, checksum);
    }
    if (headBytes < 1 || headBytes > HEAD_BYTES_MAX) {
      throw new MalformedFrameException(
          "a frame's head has %d bytes, allowed are 1 to %d".formatted(headBytes, HEAD_BYTES_MAX));
    }
    if (payloadBytes < 0 || payloadBytes > Payload.BYTES_MAX) {
      throw new MalformedFrameException(
          "a frame's payload has %d bytes, allowed are 0 to %d"
              .formatted(payloadBytes, Payload.BYTES_MAX));
    }
    return new Header(headBytes, payloadBytes, checksum);
  }

  /**
   * Checks and reads what lies between header and payload.
   *
   * @param prefix exactly {@link Header#prefixBytes()} bytes
   * @param payload exactly the payload, or an empty buffer
   * @param release run when the payload is closed; run at once if there is none
   */
  public static Frame decode(Header header, ByteBuffer prefix, ByteBuffer payload, Runnable release)
      throws IOException {
    ByteBuffer first = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    first.putInt(MAGIC).putInt(header.headBytes).putInt(header.payloadBytes).flip();
    CRC32C crc = new CRC32C();
    crc.update(first);
    crc.update(prefix.duplicate());
    if ((int) crc.getValue() != header.checksum) {
      throw new MalformedFrameException(
          "a frame's head has checksum %08x, its header says %08x"
              .formatted((int) crc.getValue(), header.checksum));
    }
    byte[] head = new byte[header.headBytes];
    ByteBuffer rest = prefix.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    rest.get(head);
    int[] checksums = new int[Payload.blocks(header.payloadBytes)];
    for (int i = 0; i < checksums.length; i++) checksums[i] = rest.getInt();
    Message message = Cbor.read(head, Message.class);
    if (header.payloadBytes > 0)
      return new Frame(message, Payload.received(payload, checksums, release));
    release.run();
    return Frame.of(message);
  }

  private static int checksum(ByteBuffer prefix) {
    CRC32C crc = new CRC32C();
    crc.update(prefix.slice(0, 12));
    crc.update(prefix.slice(HEADER_BYTES, prefix.limit() - HEADER_BYTES));
    return (int) crc.getValue();
  }
}
