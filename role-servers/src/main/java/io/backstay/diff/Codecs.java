package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.MalformedDiffException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/**
 * The codecs of wdiffs for one thread: they keep what they need between payloads. One payload is
 * one record's whole data, compressed by itself. All buffers are direct, and are looked at from
 * position to limit.
 */
public final class Codecs implements AutoCloseable {
  private final Map<Compression.Type, Codec> unpacking = new EnumMap<>(Compression.Type.class);
  private final Map<Compression, Codec> packing = new HashMap<>();

  /**
   * Compresses into {@code into} at its position, which moves behind.
   *
   * @param into with room for {@link #roomFor}
   * @return the compression that the payload has: none where it would not have become smaller, and
   *     then the data is there as it was
   */
  Compression.Type compress(Compression wanted, ByteBuffer raw, ByteBuffer into) {
    int at = into.position();
    if (wanted.type() != Compression.Type.NONE) {
      int bytes =
          packing.computeIfAbsent(wanted, Codecs::codec).compress(raw.slice(), into.slice());
      if (bytes < raw.remaining()) {
        into.position(at + bytes);
        return wanted.type();
      }
    }
    into.put(raw.duplicate());
    return Compression.Type.NONE;
  }

  /** Bytes that {@link #compress} may need for so many bytes of data, whatever they are. */
  static int roomFor(int rawBytes) {
    return rawBytes + rawBytes / 4 + 1024;
  }

  /** The bytes from position to limit in a direct buffer: copied only where they lie in none. */
  static ByteBuffer direct(ByteBuffer bytes) {
    if (bytes.isDirect()) return bytes;
    return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes.duplicate()).flip();
  }

  /**
   * Unpacks a payload into {@code into}, which is filled to its limit.
   *
   * @param stored the record's payload, its checksum compared already
   * @throws MalformedDiffException where it does not unpack to exactly the record's length
   */
  public void unpack(DiffRecord record, ByteBuffer stored, ByteBuffer into)
      throws MalformedDiffException {
    if (into.remaining() != record.rawBytes())
      throw new IllegalArgumentException(
          "room of %d bytes for %s".formatted(into.remaining(), record));
    if (record.compression() == Compression.Type.NONE) {
      into.put(stored.duplicate());
      return;
    }
    String found = "it does not unpack";
    try {
      int bytes =
          unpacking
              .computeIfAbsent(record.compression(), type -> codec(new Compression(type, 0)))
              .decompress(stored.slice(), into.slice());
      if (bytes == into.remaining()) {
        into.position(into.limit());
        return;
      }
      found = "it unpacks to %d bytes".formatted(bytes);
    } catch (Codec.UnreadableException e) {
      found = e.getMessage();
    }
    throw new MalformedDiffException(
        "a payload of %d bytes, compressed by %s, should unpack to %d: %s"
            .formatted(record.dataBytes(), record.compression().word(), record.rawBytes(), found));
  }

  private static Codec codec(Compression compression) {
    return switch (compression.type()) {
      case NONE -> throw new IllegalArgumentException("what is not compressed needs no codec");
      case GZIP -> new ZlibCodec(compression.level());
      case SNAPPY -> new SnappyCodec();
      case LZMA -> new XzCodec(compression.level());
      case LZ4 -> new Lz4Codec(compression.level());
      case ZSTD -> new ZstdCodec(compression.level());
    };
  }

  @Override
  public void close() {
    packing.values().forEach(Codec::close);
    unpacking.values().forEach(Codec::close);
    packing.clear();
    unpacking.clear();
  }
}
