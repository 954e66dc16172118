package io.backstay.diff;

import io.backstay.diff.PackSlot.Part;
import io.backstay.model.Bytes;
import io.backstay.model.Compression;
import io.backstay.seam.Time;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wlog.LogLayout;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes a sorted wdiff from its first byte to its last, pack by pack, and knows at the end what
 * its sidecar says of it. The same input gives the same bytes, with helpers or without. It holds one
 * pack, some 3 MiB, and two such for each helper. Not for several threads.
 */
public final class SortedDiffWriter implements DiffWriter {
  private final DiffOutput out;
  private final Compression compression;
  private final Packing packing;
  private final BlockChecksums checksums = new BlockChecksums();
  private final Column firstSectors = new Column();
  private long endSectors;
  private boolean finished;

  /** Compresses in the caller's thread. Writes the file's header. */
  public SortedDiffWriter(DiffOutput out, SessionUuid uuid, Compression compression)
      throws IOException {
    this(out, uuid, compression, new Packing.Alone(compression));
  }

  /**
   * Compresses in threads of its own. Writes the file's header.
   *
   * @param helpers how many packs are compressed at a time, 1 and more
   */
  public SortedDiffWriter(
      DiffOutput out, SessionUuid uuid, Compression compression, Time time, int helpers)
      throws IOException {
    this(out, uuid, compression, new Packing.Beside(compression, time, helpers));
  }

  private SortedDiffWriter(
      DiffOutput out, SessionUuid uuid, Compression compression, Packing packing)
      throws IOException {
    this.out = out;
    this.compression = compression;
    this.packing = packing;
    ByteBuffer header = ByteBuffer.allocateDirect(DiffHeader.SIZE_BYTES);
    new DiffHeader(DiffHeader.Format.SORTED, uuid).write(header);
    write(header.flip());
  }

  @Override
  public void add(long offsetSectors, long sectors, Kind kind, ByteBuffer raw) throws IOException {
    add(offsetSectors, sectors, kind, raw, packing::put);
  }

  @Override
  public void addLasting(long offsetSectors, long sectors, Kind kind, ByteBuffer raw)
      throws IOException {
    add(offsetSectors, sectors, kind, raw, packing::putLasting);
  }

  private interface Putting {
    void put(Part part, Packing.Ready ready) throws IOException;
  }

  private void add(long offsetSectors, long sectors, Kind kind, ByteBuffer raw, Putting putting)
      throws IOException {
    if (kind == Kind.NORMAL && raw.remaining() != sectors * LogLayout.SECTOR_BYTES)
      throw new IllegalArgumentException(
          "%d bytes for %d sectors".formatted(raw.remaining(), sectors));
    for (long done = 0; done < sectors; done += DiffRecord.WRITTEN_SECTORS_MAX) {
      int now = (int) Math.min(DiffRecord.WRITTEN_SECTORS_MAX, sectors - done);
      ByteBuffer data =
          kind == Kind.NORMAL
              ? raw.slice(
                  raw.position() + (int) done * LogLayout.SECTOR_BYTES,
                  now * LogLayout.SECTOR_BYTES)
              : raw;
      advance(offsetSectors + done, now);
      putting.put(new Part.Raw(offsetSectors + done, now, kind, data), this::write);
    }
  }

  @Override
  public void addStored(DiffRecord record, ByteBuffer stored) throws IOException {
    if (stored.remaining() != record.dataBytes())
      throw new IllegalArgumentException("%d bytes for %s".formatted(stored.remaining(), record));
    advance(record.offsetSectors(), record.sectors());
    packing.put(new Part.Stored(record, stored), this::write);
  }

  private void advance(long offsetSectors, int sectors) {
    if (finished) throw new IllegalStateException("the wdiff was finished already");
    if (offsetSectors < endSectors)
      throw new IllegalArgumentException(
          "a record for sector %d behind one that reaches to %d"
              .formatted(offsetSectors, endSectors));
    endSectors = offsetSectors + sectors;
  }

  @Override
  public void finish() throws IOException {
    advance(endSectors, 0);
    packing.finish(this::write);
    ByteBuffer end = ByteBuffer.allocateDirect(DiffPack.HEADER_BYTES);
    DiffPack.writeEnd(end);
    write(end.flip());
    finished = true;
  }

  @Override
  public Compression.Type compression() {
    return compression.type();
  }

  @Override
  public long fileBytes() {
    return checksums.bytes();
  }

  /** First address of each pack that was written, in sectors: as a sidecar has it. */
  public Bytes packs() {
    return firstSectors.toBytes();
  }

  /** CRC32C of each 64 KiB that was written: as a sidecar has it. */
  public Bytes checksums() {
    return checksums.checksums();
  }

  @Override
  public void close() {
    packing.close();
  }

  private void write(PackSlot pack) throws IOException {
    firstSectors.addLong(pack.firstSector());
    write(pack.encoded());
  }

  private void write(ByteBuffer bytes) throws IOException {
    checksums.add(bytes);
    out.write(bytes);
  }
}
