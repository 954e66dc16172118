package io.backstay.wlog;

import java.nio.ByteBuffer;

/**
 * The two places of the super sector. A checkpoint writes the second place first, then the first
 * (rule L4), so that a torn write leaves one of them whole. Reading takes the first, which is the
 * one walb reads, and the second only where the first is not valid. On a device that walb made the
 * second place was never written.
 */
public record SuperSectors(Copy first, Copy second) {
  /** Where the bytes begin that {@link #read} wants. */
  public static final int HEAD_OFFSET_BYTES = LogLayout.FIRST_SUPER_BYTES;

  /** How many bytes {@link #read} wants, or all there are of a smaller device. */
  public static final int HEAD_BYTES = 2 * LogLayout.LARGE_BLOCK_BYTES;

  /** What stands at one place. */
  public sealed interface Copy {}

  public record Valid(SuperSector sector) implements Copy {}

  /**
   * @param found what failed
   */
  public record Invalid(String found) implements Copy {}

  /** Which place was taken. */
  public enum Place {
    FIRST,
    SECOND
  }

  /**
   * @param head {@link #HEAD_BYTES} bytes of the device from {@link #HEAD_OFFSET_BYTES}; the
   *     position does not move
   */
  public static SuperSectors read(ByteBuffer head) {
    Copy first = copy(head, 0);
    return switch (first) {
      case Valid valid ->
          new SuperSectors(
              first, copy(head, valid.sector().layout().secondSuperBytes() - HEAD_OFFSET_BYTES));
      case Invalid _ -> new SuperSectors(first, secondOfUnknownBlockSize(head));
    };
  }

  /** The two block sizes put the second place at two offsets; a valid one says its block size. */
  private static Copy secondOfUnknownBlockSize(ByteBuffer head) {
    Copy small = copy(head, LogLayout.SMALL_BLOCK_BYTES);
    if (small instanceof Valid(SuperSector sector)
        && sector.blockBytes() == LogLayout.SMALL_BLOCK_BYTES) return small;
    Copy large = copy(head, LogLayout.LARGE_BLOCK_BYTES);
    if (large instanceof Valid(SuperSector sector)
        && sector.blockBytes() != LogLayout.LARGE_BLOCK_BYTES) {
      return new Invalid("a super sector for blocks of 512 bytes stands where none belongs");
    }
    return large;
  }

  private static Copy copy(ByteBuffer head, long at) {
    if (at >= head.remaining()) {
      return new Invalid("place %d lies outside of what was read".formatted(at));
    }
    try {
      int from = head.position() + (int) at;
      return new Valid(SuperSector.read(head.slice(from, head.limit() - from)));
    } catch (MalformedLogException e) {
      return new Invalid(e.getMessage());
    }
  }

  /**
   * The super sector that counts.
   *
   * @throws MalformedLogException if neither place holds one: then this is no log device
   */
  public SuperSector chosen() throws MalformedLogException {
    if (first instanceof Valid(SuperSector sector)) return sector;
    if (second instanceof Valid(SuperSector sector)) return sector;
    throw new MalformedLogException(
        "no log device: at the first place of the super sector %s; at the second %s"
            .formatted(((Invalid) first).found(), ((Invalid) second).found()));
  }

  /** The place {@link #chosen()} is from. */
  public Place place() {
    return first instanceof Valid ? Place.FIRST : Place.SECOND;
  }
}
