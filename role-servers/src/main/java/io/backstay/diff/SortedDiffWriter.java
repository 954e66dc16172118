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
import java.util.List;

/**
 * Writes a sorted wdiff from its first byte to its last, pack by pack, and knows at the end what
 * its sidecar says of it. The same input gives the same bytes, with threads of its own or without.
 * It holds one pack, some 3 MiB, or as many as memory was given for. Not for several threads.
 */
public final class SortedDiffWriter implements DiffWriter {
  /** Memory of each pack that is made at a time. */
  public static final int MEMORY_BYTES = PackSlot.MEMORY_BYTES;

  /** Stretches without data that are longer are cut to longer records. */
  private static final int LONG_SECTORS = 32 * DiffRecord.WRITTEN_SECTORS_MAX;

  /** 1 GiB: a volume of many TiB may be discarded at once, and its diff stays small. */
  private static final int LONG_RECORD_SECTORS = 1 << 21;

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
    this(out, uuid, compression, new Packing.Alone(new PackSlot(compression)));
  }

  /**
   * As above, in memory of the caller's, where one wdiff after the other is written.
   *
   * @param memory direct, of {@link #MEMORY_BYTES} or more
   */
  public SortedDiffWriter(
      DiffOutput out, SessionUuid uuid, Compression compression, ByteBuffer memory)
      throws IOException {
    this(out, uuid, compression, new Packing.Alone(new PackSlot(compression, memory)));
  }

  /**
   * Compresses in threads of its own, one less than the packs that are made at a time. Writes the
   * file's header.
   *
   * @param memory of each of these packs: direct, of {@link #MEMORY_BYTES} or more; 2 or more
   */
  public SortedDiffWriter(
      DiffOutput out, SessionUuid uuid, Compression compression, Time time, List<ByteBuffer> memory)
      throws IOException {
    this(
        out,
        uuid,
        compression,
        new Packing.Beside(
            time, memory.stream().map(one -> new PackSlot(compression, one)).toList()));
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
    boolean isLong = kind != Kind.NORMAL && sectors > LONG_SECTORS;
    int most = isLong ? LONG_RECORD_SECTORS : DiffRecord.WRITTEN_SECTORS_MAX;
    for (long done = 0; done < sectors; done += most) {
      int now = (int) Math.min(most, sectors - done);
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
