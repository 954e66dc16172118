package io.backstay.history;

import io.backstay.model.Compression;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A stretch of a volume as one diff of a chain has it. Positions and lengths are in sectors.
 *
 * <pre>
 *   off  size  in a {@link PageFile}, 48 bytes
 *     0     8  first sector
 *     8     4  sectors
 *    12     4  rank of the diff in the chain, from 0 for the oldest
 *    16     1  1: zeroes, everything below is 0; 2: a payload
 *    17     1  compression of the payload, walb's number
 *    20     4  sectors of the whole payload
 *    24     8  position of the payload in its wdiff
 *    32     4  bytes of the payload as stored
 *    36     4  walb's checksum of them
 *    40     4  sectors of the payload before the stretch
 * </pre>
 *
 * @param rank of the diff in the chain; the greater, the newer
 */
record Extent(long at, int sectors, int rank, Content content) {
  static final int BYTES = 48;
  private static final int ZEROES = 1;
  private static final int PAYLOAD = 2;

  sealed interface Content {}

  /** Written with zeroes, or discarded: the same (rule L7). */
  record Zeroes() implements Content {}

  /**
   * A piece of what one record of the wdiff holds.
   *
   * @param skip sectors of the payload before the piece
   */
  record Piece(Payload payload, int skip) implements Content {}

  /** The data of one record, as it stands in its wdiff. */
  record Payload(
      long position, int storedBytes, int checksum, Compression.Type compression, int sectors) {}

  Extent {
    boolean inside =
        !(content instanceof Piece(Payload payload, int skip))
            || skip >= 0 && skip + (long) sectors <= payload.sectors;
    if (at < 0 || sectors <= 0 || rank < 0 || !inside)
      throw new IllegalArgumentException(
          "%d sectors at %d of diff %d: %s".formatted(sectors, at, rank, content));
  }

  long end() {
    return at + sectors;
  }

  /** What lies in {@code [from, to)}, which touches it. */
  Extent within(long from, long to) {
    long begin = Math.max(from, at);
    int length = (int) (Math.min(to, end()) - begin);
    if (begin == at && length == sectors) return this;
    return new Extent(
        begin,
        length,
        rank,
        switch (content) {
          case Zeroes zeroes -> zeroes;
          case Piece(Payload payload, int skip) -> new Piece(payload, skip + (int) (begin - at));
        });
  }

  /** Both as one, where {@code next} goes on with the very same. */
  Optional<Extent> with(Extent next) {
    long length = (long) sectors + next.sectors;
    if (next.at != end() || length > Integer.MAX_VALUE) return Optional.empty();
    boolean same =
        switch (content) {
          case Zeroes zeroes -> next.content instanceof Zeroes;
          case Piece(Payload payload, int skip) ->
              rank == next.rank
                  && next.content instanceof Piece(Payload other, int from)
                  && other.equals(payload)
                  && from == skip + sectors;
        };
    return same ? Optional.of(new Extent(at, (int) length, rank, content)) : Optional.empty();
  }

  /** At the buffer's position, which moves behind it. */
  void write(ByteBuffer out) {
    int begin = out.position();
    out.putLong(at).putInt(sectors).putInt(rank);
    switch (content) {
      case Zeroes zeroes -> out.putInt(ZEROES).putInt(0).putLong(0).putInt(0).putInt(0).putInt(0);
      case Piece(Payload payload, int skip) ->
          out.putInt(PAYLOAD | payload.compression.ordinal() << 8)
              .putInt(payload.sectors)
              .putLong(payload.position)
              .putInt(payload.storedBytes)
              .putInt(payload.checksum)
              .putInt(skip);
    }
    out.putInt(0);
    if (out.position() != begin + BYTES) throw new IllegalStateException("an extent's size");
  }

  static Extent read(ByteBuffer in, int from) {
    int kind = in.getInt(from + 16);
    Content content =
        (kind & 0xff) == ZEROES
            ? new Zeroes()
            : new Piece(
                new Payload(
                    in.getLong(from + 24),
                    in.getInt(from + 32),
                    in.getInt(from + 36),
                    Compression.Type.values()[kind >>> 8],
                    in.getInt(from + 20)),
                in.getInt(from + 40));
    return new Extent(in.getLong(from), in.getInt(from + 8), in.getInt(from + 12), content);
  }
}
