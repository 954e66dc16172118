package io.backstay.seam;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Whether a block device may be written over without asking (rule K6): its first and last MiB are
 * zero and it carries no signature of a file system, volume manager, swap area, encrypted container
 * or partition table. Most signatures lie within the first MiB; those that do not are looked for
 * where they lie.
 */
public final class Emptiness {
  /** How much is looked at from each end of the device. */
  public static final int ZERO_BYTES = 1 << 20;

  private record Signature(String meaning, long offset, byte[] magic) {
    static Signature of(String meaning, long offset, String magic) {
      return new Signature(meaning, offset, magic.getBytes(ISO_8859_1));
    }

    /** Where it lies for a device of that size: negative offsets count from the end. */
    long position(long deviceBytes) {
      return offset < 0 ? deviceBytes + offset : offset;
    }
  }

  /** More telling ones first: an ext4 file system may stand behind a stale partition table. */
  private static final List<Signature> SIGNATURES =
      List.of(
          Signature.of("a LUKS container", 0, "LUKS\u00ba\u00be"),
          Signature.of("an xfs file system", 0, "XFSB"),
          Signature.of("a btrfs file system", 0x10040, "_BHRfS_M"),
          Signature.of("an ext2, ext3 or ext4 file system", 0x438, "\u0053\u00ef"),
          Signature.of("an LVM2 physical volume", 0, "LABELONE"),
          Signature.of("an LVM2 physical volume", 512, "LABELONE"),
          Signature.of("an LVM2 physical volume", 1024, "LABELONE"),
          Signature.of("an LVM2 physical volume", 1536, "LABELONE"),
          Signature.of("a swap area", 4096 - 10, "SWAPSPACE2"),
          Signature.of("a swap area", 4096 - 10, "SWAP-SPACE"),
          Signature.of("a swap area", 16384 - 10, "SWAPSPACE2"),
          Signature.of("a swap area", 65536 - 10, "SWAPSPACE2"),
          Signature.of("a GPT partition table", 512, "EFI PART"),
          Signature.of("a GPT partition table", 4096, "EFI PART"),
          Signature.of("a GPT partition table", -512, "EFI PART"),
          Signature.of("a GPT partition table", -4096, "EFI PART"),
          Signature.of("an MBR partition table or boot sector", 510, "\u0055\u00aa"),
          Signature.of("a LUKS2 container", 0x4000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x8000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x10000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x20000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x40000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x80000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x100000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x200000, "SKUL\u00ba\u00be"),
          Signature.of("a LUKS2 container", 0x400000, "SKUL\u00ba\u00be"));

  private Emptiness() {}

  /** Nothing for an empty device; else what was found on it, for people. */
  public static Optional<String> whatIsOn(BlockDevice device) throws IOException {
    for (Signature signature : SIGNATURES) {
      if (carries(device, signature)) return Optional.of(signature.meaning());
    }
    long size = device.sizeBytes();
    if (!zero(device, 0, Math.min(ZERO_BYTES, size)))
      return Optional.of("bytes other than zero in its first MiB");
    long last = Math.max(0, size - ZERO_BYTES);
    if (!zero(device, last, size)) return Optional.of("bytes other than zero in its last MiB");
    return Optional.empty();
  }

  private static boolean carries(BlockDevice device, Signature signature) throws IOException {
    byte[] magic = signature.magic();
    long from = signature.position(device.sizeBytes());
    if (from < 0 || from + magic.length > device.sizeBytes()) return false;
    return read(device, from, from + magic.length).equals(ByteBuffer.wrap(magic));
  }

  private static boolean zero(BlockDevice device, long from, long to) throws IOException {
    ByteBuffer bytes = read(device, from, to);
    return bytes.mismatch(ByteBuffer.allocate(bytes.remaining())) < 0;
  }

  /** The bytes of a range that need not be aligned. */
  private static ByteBuffer read(BlockDevice device, long from, long to) throws IOException {
    long alignedFrom = from & -BufferPool.ALIGNMENT_BYTES;
    long alignedTo =
        Math.min(
            to + BufferPool.ALIGNMENT_BYTES - 1 & -BufferPool.ALIGNMENT_BYTES, device.sizeBytes());
    ByteBuffer bytes = BufferPool.aligned((int) (alignedTo - alignedFrom));
    device.read(alignedFrom, bytes);
    return bytes.slice((int) (from - alignedFrom), (int) (to - from));
  }
}
