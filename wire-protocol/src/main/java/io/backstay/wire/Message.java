package io.backstay.wire;

import io.backstay.model.Bytes;
import io.backstay.model.Point;
import io.backstay.model.Signed;
import io.backstay.seam.ChangeStamp;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What a frame says. A connection begins with a {@link Hello} each way; then the side that
 * connected sends a {@link Request} and the other answers with a {@link Reply}, again and again.
 * {@link OpenImage} and {@link OpenTarget} are requests that turn the connection into one image
 * transfer, drawn in {@link ImageChunk}.
 */
public sealed interface Message {

  /**
   * First message of both sides. The connection is closed with a reason when groups differ or no
   * version is shared (rules K1, K7).
   *
   * @param software for people: "backstay 0.1.0"
   */
  record Hello(String group, String name, int versionMin, int versionMax, String software)
      implements Message {
    public Hello {
      Objects.requireNonNull(group, "group");
      Objects.requireNonNull(name, "name");
    }
  }

  /** One command; answered by exactly one {@link Answer}. */
  record Request(Command command) implements Message {
    public Request {
      Objects.requireNonNull(command, "command");
    }
  }

  record Answer(Reply reply) implements Message {
    public Answer {
      Objects.requireNonNull(reply, "reply");
    }
  }

  /**
   * Storage to archive: take an image of the volume from me. Answered by {@link ImageResume}, or by
   * an {@link Answer} that refuses.
   *
   * @param stamp evidence of writes to the source before this read of it; a partial image with
   *     another stamp is not resumed
   */
  record OpenImage(String operation, String volume, long epoch, long sizeBytes, ChangeStamp stamp)
      implements Message {
    public OpenImage {
      if (sizeBytes <= 0)
        throw new IllegalArgumentException("image of %s has size %d".formatted(volume, sizeBytes));
      stamp = stamp == null ? ChangeStamp.UNKNOWN : stamp;
    }
  }

  /**
   * Archive to storage: write an image to this path on your node. Answered by {@link ImageResume},
   * or by an {@link Answer} that refuses.
   *
   * @param overwrite as in {@link io.backstay.model.Work.Restore}
   */
  record OpenTarget(
      String operation,
      String volume,
      long gid,
      long sizeBytes,
      String path,
      io.backstay.model.Work.Overwrite overwrite,
      String inputHash,
      Optional<Signed> grant)
      implements Message {}

  /**
   * Receiver to sender: begin here; all bytes below are durable.
   *
   * @param committed present when this very operation was committed before: nothing is to be sent
   */
  record ImageResume(long offset, Optional<Committed> committed) implements Message {}

  /**
   * Sender to receiver: one range of the image, in address order, without gaps between the ranges
   * of one transfer.
   *
   * <pre>
   *   sender                                receiver
   *   OpenImage ------------------------->
   *             <------------------------- ImageResume(offset)
   *   ImageChunk, ImageZeroes ... ------->
   *             <------------------------- ImageDurable(upTo) ...
   *   ImageEnd -------------------------->
   *             <------------------------- Committed
   * </pre>
   *
   * <p>The payload holds the blocks of 64 KiB whose bit is set in {@code dataBlocks}, one behind
   * the other; the others are zero.
   *
   * @param offset in bytes, a multiple of {@link #RANGE_BYTES}
   * @param lengthBytes {@link #RANGE_BYTES}, or less at the end of the image
   * @param dataBlocks bit i stands for the bytes from offset + i * 64 KiB; never 0
   * @param sourceHash XXH3-128 of all {@code lengthBytes} bytes of the range, zero blocks included:
   *     the source's own evidence (rule L10)
   */
  record ImageChunk(long offset, int lengthBytes, int dataBlocks, Bytes sourceHash)
      implements Message {
    /** Size of a range, and of what one source hash covers. */
    public static final int RANGE_BYTES = 1024 * 1024;

    public static final int HASH_BYTES = 16;

    public ImageChunk {
      if (offset < 0 || offset % RANGE_BYTES != 0)
        throw new IllegalArgumentException("chunk at " + offset);
      if (lengthBytes < 1 || lengthBytes > RANGE_BYTES)
        throw new IllegalArgumentException("chunk of " + lengthBytes);
      if (dataBlocks <= 0 || dataBlocks >>> Payload.blocks(lengthBytes) != 0) {
        throw new IllegalArgumentException(
            "chunk of %d bytes with blocks %x".formatted(lengthBytes, dataBlocks));
      }
      if (sourceHash == null || sourceHash.size() != HASH_BYTES)
        throw new IllegalArgumentException("chunk without its source's hash");
    }

    /** Number of payload bytes that the set bits stand for. */
    public int payloadBytes() {
      int last = Payload.blocks(lengthBytes) - 1;
      int bytes = Integer.bitCount(dataBlocks) * Payload.BLOCK_BYTES;
      boolean lastIsShort = (dataBlocks >>> last & 1) == 1;
      return lastIsShort ? bytes - ((last + 1) * Payload.BLOCK_BYTES - lengthBytes) : bytes;
    }
  }

  /**
   * Sender to receiver: a range that is all zero. Offset a multiple of 1 MiB, length as well or up
   * to the image's end.
   */
  record ImageZeroes(long offset, long lengthBytes) implements Message {
    public ImageZeroes {
      if (offset < 0 || offset % ImageChunk.RANGE_BYTES != 0 || lengthBytes < 1) {
        throw new IllegalArgumentException(
            "zeroes of %d bytes at %d".formatted(lengthBytes, offset));
      }
    }
  }

  /**
   * Receiver to sender: all bytes of the image below {@code upTo} are durable, and that they are.
   */
  record ImageDurable(long upTo) implements Message {}

  /**
   * Sender to receiver: that was all.
   *
   * @param bytesSent payload bytes of all passes of the operation
   * @param bytesResent of these, those sent again
   */
  record ImageEnd(Point.Proof proof, long bytesSent, long bytesResent) implements Message {}

  /** Receiver to sender: the image is a point now (or the target is complete), durably. */
  record Committed(long gid, Instant time, Point.Proof proof) implements Message {}
}
