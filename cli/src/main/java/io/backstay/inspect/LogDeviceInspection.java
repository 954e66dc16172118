package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackHeader;
import io.backstay.wlog.PackReader;
import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.RedoScan;
import io.backstay.wlog.SuperSector;
import io.backstay.wlog.SuperSectors;
import io.backstay.wlog.SuperSectors.Invalid;
import io.backstay.wlog.SuperSectors.Valid;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Reads a log device: both places of the super sector, and the log from its oldest lsid to where it
 * ends, every checksum compared. A device in use may change under the reading; what is found then
 * at the log's end may be only that.
 */
public final class LogDeviceInspection {
  private final FileChannel device;
  private final PackShown.Sink packs;
  private final Findings findings = new Findings();
  private Totals totals = Totals.NONE;

  /**
   * What was found on the device.
   *
   * @param superSector the one that counts
   * @param ringOffsetBytes where the ring begins
   * @param endLsid where the log ends
   * @param endFound what stands there
   * @param findingsCount all of them; at most the first 1000 are told
   */
  public record Report(
      String file,
      @JsonProperty("super") SuperSectorShown superSector,
      long ringOffsetBytes,
      @JsonProperty("end_lsid") long endLsid,
      String endFound,
      Totals totals,
      long findingsCount,
      java.util.List<Finding> findings) {}

  private LogDeviceInspection(FileChannel device, PackShown.Sink packs) {
    this.device = device;
    this.packs = packs;
  }

  /**
   * @param packs told of each pack that is whole, and of the whole records of the last
   * @throws MalformedLogException if neither place holds a super sector
   */
  public static Report of(String file, FileChannel device, PackShown.Sink packs)
      throws IOException {
    return new LogDeviceInspection(device, packs).run(file);
  }

  private Report run(String file) throws IOException {
    SuperSectors both = SuperSectors.read(head());
    SuperSector sector = both.chosen();
    judge(both, sector);
    LogLayout layout = sector.layout();
    if (layout.sizeBytes() > device.size()) {
      findings.add(
          device.size(),
          null,
          "the device ends here, its ring reaches to byte %d".formatted(layout.sizeBytes()));
    }
    PackReader reader = new PackReader(sector.blockBytes(), sector.salt(), Paddings.MAY_BE_EMPTY);
    RedoScan.End end =
        new RedoScan(layout, reader, this::ring).run(sector.oldestLsid(), sink(layout));
    judge(layout, sector, end);
    return new Report(
        file,
        SuperSectorShown.of(both.place(), sector),
        layout.physicalBytes(0),
        end.lsid(),
        end.found(),
        totals,
        findings.count(),
        findings.told());
  }

  private RedoScan.Sink sink(LogLayout layout) {
    return new RedoScan.Sink() {
      @Override
      public void record(PackHeader pack, LogRecord record, ByteBuffer blocks) {
        // The walk compared it.
      }

      @Override
      public void pack(PackHeader pack) {
        tell(layout, pack);
      }
    };
  }

  private void tell(LogLayout layout, PackHeader pack) {
    totals = totals.plus(pack);
    packs.pack(PackShown.of(layout.physicalBytes(pack.lsid()), pack));
  }

  private void judge(SuperSectors both, SuperSector chosen) throws IOException {
    long secondBytes = chosen.layout().secondSuperBytes();
    if (both.first() instanceof Invalid(String found)) {
      findings.add(SuperSectors.HEAD_OFFSET_BYTES, null, "first super sector: " + found);
    }
    switch (both.second()) {
      case Invalid(String found) -> {
        // walb never writes this place, so zeroes are no fault.
        if (!isZero(secondBytes, chosen.blockBytes())) {
          findings.add(secondBytes, null, "second super sector: " + found);
        }
      }
      case Valid(SuperSector second) -> {
        if (!second.layout().equals(chosen.layout()) || !second.uuid().equals(chosen.uuid())) {
          findings.add(secondBytes, null, "the second super sector is of another log: " + second);
        }
      }
    }
  }

  private void judge(LogLayout layout, SuperSector sector, RedoScan.End end) {
    end.torn().ifPresent(torn -> torn.kept().ifPresent(kept -> tell(layout, kept)));
    if (end.torn().isPresent()) {
      PackHeader torn = end.torn().get().written();
      findings.add(layout.physicalBytes(torn.lsid()), torn.lsid(), "a torn pack: " + end.found());
    }
    if (end.lsid() < sector.writtenLsid()) {
      findings.add(
          layout.physicalBytes(end.lsid()),
          end.lsid(),
          "the log ends here, below written_lsid %d: %s"
              .formatted(sector.writtenLsid(), end.found()));
    }
  }

  private ByteBuffer head() throws IOException {
    long length = Math.min(SuperSectors.HEAD_BYTES, device.size() - SuperSectors.HEAD_OFFSET_BYTES);
    if (length < LogLayout.SMALL_BLOCK_BYTES) {
      throw new MalformedLogException(
          "no log device: it has %d bytes, its super sector would begin at byte %d"
              .formatted(device.size(), SuperSectors.HEAD_OFFSET_BYTES));
    }
    ByteBuffer head = ByteBuffer.allocate((int) length);
    fill(SuperSectors.HEAD_OFFSET_BYTES, head);
    return head.flip();
  }

  private boolean isZero(long offset, int length) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(length);
    fill(offset, block);
    return block.flip().mismatch(ByteBuffer.allocate(length)) < 0;
  }

  /** Zeroes behind the end of a device that is too small, which was told already. */
  private void ring(long offset, ByteBuffer into) throws IOException {
    long there = Math.clamp(device.size() - offset, 0, into.remaining());
    int end = into.limit();
    fill(offset, into.limit(into.position() + (int) there));
    into.limit(end);
    while (into.hasRemaining()) into.put((byte) 0);
  }

  private void fill(long offset, ByteBuffer into) throws IOException {
    for (long at = offset; into.hasRemaining(); ) {
      int got = device.read(into, at);
      if (got < 0) {
        throw new EOFException(
            "the device ends at byte %d, asked for %d bytes at %d"
                .formatted(device.size(), into.position() + into.remaining(), offset));
      }
      at += got;
    }
  }
}
