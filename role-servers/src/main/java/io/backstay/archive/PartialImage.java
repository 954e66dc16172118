package io.backstay.archive;

import io.backstay.seam.ChangeStamp;
import io.backstay.wire.Message;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * An image on its way in. It belongs to the volume, not to a run (rule K3).
 *
 * @param serial names its files
 * @param operation that sends it now
 * @param stamp evidence of the source when its first byte was read; only a transfer with the same
 *     evidence goes on with it
 * @param durable everything below is durable
 * @param storedBytes data bytes of what is durable
 * @param begun when its first byte was read: the time of a plain volume's point
 * @param origin of a logged volume only: the session and the begin cut
 * @param olderBelow below it lie bytes of an earlier pass: those behind {@code durable} are
 *     compared before they are kept (rule X5)
 */
public record PartialImage(
    long serial,
    String operation,
    long sizeBytes,
    ChangeStamp stamp,
    long durable,
    long storedBytes,
    Instant begun,
    Optional<Message.LogOrigin> origin,
    Long olderBelow) {
  public PartialImage {
    origin = origin == null ? Optional.empty() : origin;
    olderBelow = Objects.requireNonNullElse(olderBelow, 0L);
  }

  /** The first pass, of which nothing is there yet. */
  static PartialImage begin(long serial, Message.OpenImage open, Instant now) {
    return new PartialImage(
        serial, open.operation(), open.sizeBytes(), open.stamp(), 0, 0, now, open.origin(), 0L);
  }

  PartialImage at(String newOperation, long newDurable, long newStoredBytes) {
    return new PartialImage(
        serial,
        newOperation,
        sizeBytes,
        stamp,
        newDurable,
        newStoredBytes,
        begun,
        origin,
        olderBelow);
  }

  /** The next pass, because the log of this one was given up: nothing of it counts yet. */
  PartialImage again(Message.OpenImage open, Instant now) {
    return new PartialImage(
        serial,
        open.operation(),
        sizeBytes,
        open.stamp(),
        0,
        0,
        now,
        open.origin(),
        Math.max(olderBelow, durable));
  }
}
