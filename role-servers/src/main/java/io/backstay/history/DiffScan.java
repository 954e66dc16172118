package io.backstay.history;

import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.MalformedDiffException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** What one wdiff of a chain holds, from the headers of its packs; their bodies are not read. */
final class DiffScan implements ExtentStream {
  private final DiffFiles files;
  private final KeptDiff kept;
  private final int rank;
  private final ByteBuffer header = ByteBuffer.allocate(DiffPack.HEADER_BYTES);
  private long position;
  private long body;
  private Iterator<DiffRecord> records = List.<DiffRecord>of().iterator();

  DiffScan(DiffFiles files, int rank) throws IOException {
    this.files = files;
    this.kept = files.chain().get(rank);
    this.rank = rank;
    try {
      DiffHeader header =
          DiffHeader.read(files.read(rank, 0, ByteBuffer.allocate(DiffHeader.SIZE_BYTES)));
      if (header.format() != DiffHeader.Format.SORTED)
        throw new DamagedDiffException(kept, 0, "it is not a sorted one");
    } catch (MalformedDiffException e) {
      throw new DamagedDiffException(kept, 0, e.getMessage());
    }
    this.position = DiffHeader.SIZE_BYTES;
  }

  @Override
  public Optional<Extent> next() throws IOException {
    while (!records.hasNext()) {
      if (!nextPack()) return Optional.empty();
    }
    DiffRecord record = records.next();
    return Optional.of(new Extent(record.offsetSectors(), record.sectors(), rank, content(record)));
  }

  private boolean nextPack() throws IOException {
    // The end of the file may stand in the place of the last pack.
    if (position == kept.fileBytes()) return false;
    switch (DiffPack.read(files.read(rank, position, header.clear()))) {
      case DiffPack.Reading.Pack(DiffPack pack) -> {
        body = position + DiffPack.HEADER_BYTES;
        position = body + pack.bodyBytes();
        records = pack.records().iterator();
        return true;
      }
      case DiffPack.Reading.End end -> {
        return false;
      }
      case DiffPack.Reading.Invalid(String found) ->
          throw new DamagedDiffException(kept, position, found);
    }
  }

  private Extent.Content content(DiffRecord record) {
    return switch (record.kind()) {
      case ALLZERO, DISCARD -> new Extent.Zeroes();
      case NORMAL ->
          new Extent.Piece(
              new Extent.Payload(
                  body + record.dataOffset(),
                  record.dataBytes(),
                  record.checksum(),
                  record.compression(),
                  record.sectors()),
              0);
    };
  }
}
