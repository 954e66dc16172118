package io.backstay.model;

/**
 * A volume of one size that is to have another (rule L9). What cannot be is refused in the same
 * words by whoever finds it first.
 */
public record SizeChange(String volume, long fromBytes, long toBytes) {
  /**
   * From the record that a server knows to one that it is asked to go on under.
   *
   * @throws RefusedException version-conflict where that one is older, or of another volume
   */
  public static SizeChange between(ProtectionRecord known, ProtectionRecord next)
      throws RefusedException {
    known.requireNext(next);
    return new SizeChange(known.volume(), known.sizeBytes(), next.sizeBytes());
  }

  /**
   * @throws RefusedException would-shrink; the same size is no change and is not refused
   */
  public void requireGrowth() throws RefusedException {
    if (toBytes >= fromBytes) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.WOULD_SHRINK, "a volume only grows")
            .attempted(attempted())
            .found("%d bytes".formatted(fromBytes))
            .next("add a smaller volume and copy what is to stay"));
  }

  /**
   * @throws RefusedException too-small where a device has no room for the new size
   */
  public void requireRoom(String device, long deviceBytes) throws RefusedException {
    if (deviceBytes >= toBytes) return;
    throw new RefusedException(
        Refusal.of(RefusalCode.TOO_SMALL, "the volume's device is smaller than that")
            .attempted(attempted())
            .found("%s has %d bytes".formatted(device, deviceBytes))
            .next("make the device larger first, then give the same command again"));
  }

  public String attempted() {
    return "resize %s to %d bytes".formatted(volume, toBytes);
  }
}
