package io.backstay.diff;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.UnsupportedOptionsException;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;

/** What walb calls lzma: a whole xz container with CRC64. */
final class XzCodec implements Codec {
  /** What walb takes for its level 0. */
  private static final int LEVEL_DEFAULT = 6;

  /** What walb allows its decoder. */
  private static final int MEMORY_KIB_MAX = 16 * 1024;

  private final int level;

  XzCodec(int level) {
    this.level = level == 0 ? LEVEL_DEFAULT : level;
  }

  @Override
  public int compress(ByteBuffer raw, ByteBuffer into) {
    byte[] bytes = new byte[raw.remaining()];
    raw.get(bytes);
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 2);
    try (XZOutputStream xz = new XZOutputStream(out, options(bytes.length), XZ.CHECK_CRC64)) {
      xz.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException("xz, %d bytes".formatted(bytes.length), e);
    }
    if (out.size() <= into.remaining()) into.put(out.toByteArray());
    return out.size();
  }

  /**
   * A dictionary that is larger than the data only costs its reader memory, at most what he has.
   */
  private LZMA2Options options(int bytes) throws UnsupportedOptionsException {
    LZMA2Options options = new LZMA2Options(level);
    int enough = Math.max(bytes, LZMA2Options.DICT_SIZE_MIN);
    options.setDictSize(Math.min(options.getDictSize(), enough));
    return options;
  }

  @Override
  public int decompress(ByteBuffer stored, ByteBuffer into) throws UnreadableException {
    byte[] bytes = new byte[stored.remaining()];
    stored.get(bytes);
    byte[] raw = new byte[into.remaining()];
    try (XZInputStream xz = new XZInputStream(new ByteArrayInputStream(bytes), MEMORY_KIB_MAX)) {
      int got = xz.readNBytes(raw, 0, raw.length);
      if (xz.read() >= 0)
        throw new UnreadableException("it unpacks to more than %d bytes".formatted(got));
      into.put(raw, 0, got);
      return got;
    } catch (IOException e) {
      throw new UnreadableException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {}
}
