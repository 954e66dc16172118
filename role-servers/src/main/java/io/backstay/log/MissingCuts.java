package io.backstay.log;

import io.backstay.log.Cuts.Wanted;
import io.backstay.model.Cut;
import io.backstay.seam.BufferPool;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes the cuts by size that a dead process did not come to make (rule M1), before anything is
 * appended. When their first writes came is not known any more, nor when the last ones did: so all
 * have the time of now, and one more is made at the end of the log, which is what the volume was at
 * that time. They come to be all at once or not at all.
 */
final class MissingCuts {
  private final String volume;
  private final LogDevice log;
  private final Cuts cuts;
  private final long sizeBlocks;
  private final PackReader reader;
  private final ByteBuffer block = BufferPool.aligned(LogRing.BLOCK_BYTES);

  MissingCuts(String volume, LogDevice log, Cuts cuts, LogSettings settings) {
    this.volume = volume;
    this.log = log;
    this.cuts = cuts;
    this.sizeBlocks = settings.cutBlocks();
    this.reader =
        new PackReader(LogRing.BLOCK_BYTES, log.stored().salt(), PackReader.Paddings.FILLED);
  }

  /**
   * @param end of the log, which is durable up to there
   * @param now not after the next write
   * @throws LogTooShortException where a cut lies behind that end; nothing was changed
   */
  void make(long end, Instant now) throws IOException {
    if (!cuts.isProtecting()) return;
    Cut newest = cuts.newest().orElseThrow();
    if (newest.lsid() > end) throw new LogTooShortException(volume, log, end, newest.lsid());
    List<Wanted> wanted = new ArrayList<>();
    long last = newest.lsid();
    // Log is released up to a cut at most; what is older than oldest cannot be read.
    long lsid = Math.max(last, log.stored().oldestLsid());
    while (lsid < end) {
      lsid = pack(lsid).nextLsid();
      if (lsid - last < sizeBlocks) continue;
      wanted.add(wanted(lsid, now));
      last = lsid;
    }
    if (wanted.isEmpty()) return;
    // What is behind the last of them was written before their time, too (rule M4).
    if (last < end) wanted.add(wanted(end, now));
    cuts.record(wanted);
  }

  private Wanted wanted(long lsid, Instant now) {
    return new Wanted(
        lsid,
        now,
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty(),
        log.stored().volumeSectors() * LogLayout.SECTOR_BYTES);
  }

  private PackHeader pack(long lsid) throws IOException {
    log.read(lsid, block.clear());
    if (reader.read(block.flip(), lsid) instanceof PackReading.Pack(PackHeader header))
      return header;
    throw new MalformedLogException("%s has no pack at lsid %d".formatted(log, lsid));
  }
}
