package io.backstay.wire;

import com.fasterxml.jackson.annotation.JsonValue;
import io.backstay.model.Bytes;
import io.backstay.model.Cut;
import io.backstay.model.Point;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.ChangeStamp;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * What a frame says. A connection begins with a {@link Hello} each way; then the side that
 * connected sends a {@link Request} and the other answers with a {@link Reply}, again and again.
 * {@link OpenImage} and {@link OpenTarget} are requests that turn the connection into one image
 * transfer, drawn in {@link ImageChunk}; {@link OpenWlog} and {@link OpenWdiffs} turn it into a
 * transfer that has no end.
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
   * @param origin of a logged volume only
   */
  record OpenImage(
      String operation,
      String volume,
      long epoch,
      long sizeBytes,
      ChangeStamp stamp,
      Optional<LogOrigin> origin)
      implements Message {
    /** Of a volume without a log. */
    public OpenImage(
        String operation, String volume, long epoch, long sizeBytes, ChangeStamp stamp) {
      this(operation, volume, epoch, sizeBytes, stamp, Optional.empty());
    }

    public OpenImage {
      origin = origin == null ? Optional.empty() : origin;
      if (sizeBytes <= 0)
        throw new IllegalArgumentException("image of %s has size %d".formatted(volume, sizeBytes));
      stamp = stamp == null ? ChangeStamp.UNKNOWN : stamp;
    }
  }

  /**
   * What makes the image of a logged volume exact (rule X4): its log from the begin cut on.
   *
   * @param session the session that the volume's log is in
   * @param begin durable before the first byte of the image is read
   */
  record LogOrigin(Session session, Cut begin) {
    public LogOrigin {
      if (begin.session() != session.number())
        throw new IllegalArgumentException("%s is not a cut of %s".formatted(begin, session));
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
   * @param begin the begin cut of an image of a logged volume: that of the partial image that is
   *     gone on with
   * @param compareBelow the receiver has bytes of an earlier pass below: what it has the same it
   *     need not be sent again (rule X5); 0 where it has none
   */
  record ImageResume(
      long offset, Optional<Committed> committed, Optional<Cut> begin, Long compareBelow)
      implements Message {
    public ImageResume(long offset, Optional<Committed> committed) {
      this(offset, committed, Optional.empty(), 0L);
    }

    public ImageResume {
      committed = committed == null ? Optional.empty() : committed;
      begin = begin == null ? Optional.empty() : begin;
      compareBelow = Objects.requireNonNullElse(compareBelow, 0L);
    }
  }

  /**
   * Receiver to sender: what it has of an earlier pass (rule X5), read anew for this.
   *
   * @param offset a multiple of 1 MiB
   * @param hashes {@link ImageChunk#HASH_BYTES} for each range from there on; all zero where the
   *     range is damaged
   */
  record ImageHashes(long offset, Bytes hashes) implements Message {}

  /** Sender to receiver: the range is as the receiver's {@link ImageHashes} said that it has it. */
  record ImageKept(long offset, int lengthBytes) implements Message {}

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
   * @param end of a logged volume: the cut behind everything that was read (rule X4)
   */
  record ImageEnd(Point.Proof proof, long bytesSent, long bytesResent, Optional<Cut> end)
      implements Message {
    public ImageEnd(Point.Proof proof, long bytesSent, long bytesResent) {
      this(proof, bytesSent, bytesResent, Optional.empty());
    }

    public ImageEnd {
      end = end == null ? Optional.empty() : end;
    }
  }

  /** Receiver to sender: the image is a point now (or the target is complete), durably. */
  record Committed(long gid, Instant time, Point.Proof proof) implements Message {}

  // ---- the log of a volume, storage to proxy (rule X1)

  /**
   * Storage to proxy: take the log of this volume from me. Refused by an {@link Answer}, or
   * answered by {@link WlogReady}.
   *
   * <pre>
   *   storage                                 proxy
   *   OpenWlog ----------------------------->  the newer record of both is kept by both (rule M3)
   *            <-----------------------------  WlogReady
   *   WlogInterval, WlogPacks ... ---------->  compared with its checksums, made a wdiff
   *   WlogInterval, WlogPacks ... ---------->  wdiff and sidecar durable
   *            <-----------------------------  WlogStored: may be let go of
   *   WlogIdle ----------------------------->  nothing was written since
   *            <-----------------------------  WlogArchived: all archives have it
   * </pre>
   *
   * <p>Each interval begins at a cut and ends at the next one; the first one at the oldest cut that
   * was not sent. They come in order, several before the first is answered, and are answered in
   * order.
   *
   * @param record as the catalog signed it, the newest that the storage knows
   * @param salt of the session's checksums
   */
  record OpenWlog(Signed record, Session session, int salt, int blockBytes) implements Message {}

  /**
   * @param newer the proxy's record, where it knows a newer one: the storage takes it
   */
  record WlogReady(Optional<Signed> newer) implements Message {
    public WlogReady {
      newer = newer == null ? Optional.empty() : newer;
    }
  }

  /**
   * What {@link WlogPacks} that follow hold: the log from one cut to the next. None follow where
   * both are at one lsid.
   */
  record WlogInterval(Cut begin, Cut end) implements Message {
    public WlogInterval {
      if (begin.session() != end.session() || begin.gid() >= end.gid() || begin.lsid() > end.lsid())
        throw new IllegalArgumentException("no interval from %s to %s".formatted(begin, end));
    }
  }

  /** The payload is whole packs of the interval, the first at that lsid. */
  record WlogPacks(long lsid) implements Message {}

  /** The wdiff that ends with that cut is durable at the proxy. */
  record WlogStored(int session, long gid) implements Message {}

  /** All archives that it is meant for have everything up to that cut durably. */
  record WlogArchived(int session, long gid) implements Message {}

  /** That cut, which was sent, was still newest and nothing was written behind it at that time. */
  record WlogIdle(int session, long gid, Instant at) implements Message {}

  // ---- the diffs of a volume, proxy to archive (rule X2)

  /**
   * Proxy to archive: take diffs of this volume from me. Refused by an {@link Answer}, or answered
   * by {@link WdiffsReady}.
   *
   * <pre>
   *   proxy                                   archive
   *   OpenWdiffs --------------------------->  the newer record of both is kept by both (rule M3)
   *            <-----------------------------  WdiffsReady
   *   WdiffOffer --------------------------->  do I want it?
   *            <-----------------------------  WdiffVerdict: accept, or why not
   *   WdiffPiece ... ----------------------->  sidecar synced, then the wdiff's rename (rule X3)
   *            <-----------------------------  WdiffVerdict: have-it
   *   WdiffIdle ---------------------------->  nothing was written since
   * </pre>
   *
   * <p>Offers are answered in order; the pieces of accepted ones follow in the order of the offers.
   */
  record OpenWdiffs(Signed record) implements Message {}

  /**
   * @param newer the archive's record, where it knows a newer one: the proxy takes it
   */
  record WdiffsReady(Optional<Signed> newer) implements Message {
    public WdiffsReady {
      newer = newer == null ? Optional.empty() : newer;
    }
  }

  /**
   * @param sidecar of the wdiff that is offered, as {@link io.backstay.wdiff.DiffSidecar} is stored
   */
  record WdiffOffer(Bytes sidecar) implements Message {}

  /** The payload is the wdiff's bytes from there on; all pieces but the last are whole 64 KiB. */
  record WdiffPiece(long offset) implements Message {}

  /** What the archive says to the oldest offer that it has not said the last to. */
  record WdiffVerdict(int session, long gid, Verdict verdict, String found) implements Message {
    /** Rule X2. */
    public enum Verdict {
      /** Send it. */
      ACCEPT,
      /** It is durable here, with the same session, gids and lsids: it may be deleted. */
      HAVE_IT,
      /** The same gids with other lsids are here: it is kept, and somebody must look. */
      GID_CONFLICT,
      /** Its session is over: it is put aside, never deleted silently. */
      CLOSED_SESSION,
      /** The archive came to know a newer record (rule M3): again, in another conversation. */
      NEWER_RECORD,
      /** The volume takes no diffs now: again later. */
      STOPPED,
      /** The archive's volume is smaller (rule L9): again later. */
      TOO_SMALL,
      UNKNOWN_VOLUME,
      /** The archive has no space left: again later. */
      NO_SPACE,
      /** What came is not what was offered: again. */
      DAMAGED;

      @JsonValue
      public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
      }
    }
  }

  /** As {@link WlogIdle}, when everything up to that cut was answered. */
  record WdiffIdle(int session, long gid, Instant at) implements Message {}
}
