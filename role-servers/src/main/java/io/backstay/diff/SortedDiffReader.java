package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.DiffPack;
import io.backstay.wdiff.DiffPack.Reading;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.MalformedDiffException;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WalbChecksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Reads a sorted wdiff from its first byte to its last and believes nothing: header, each pack, the
 * order of all records, and each payload that is asked for. It ends with the pack that ends a
 * wdiff, behind which nothing may stand, or where the input ends in its place.
 *
 * <p>It holds one pack's header and at most one payload, as stored and unpacked.
 */
public final class SortedDiffReader implements DiffSource {
  private final DiffInput in;
  private final DiffHeader header;
  private final Unpacked unpacked = new Unpacked();
  private Iterator<DiffRecord> records = List.<DiffRecord>of().iterator();
  private DiffRecord record;
  private Payload payload = Payload.PASSED;
  private ByteBuffer stored;
  private long endSectors;
  private boolean over;
  private int packs;

  /** Where the input stands with respect to the last record's payload. */
  private enum Payload {
    AHEAD,
    TAKEN,
    PASSED
  }

  /**
   * Reads the header.
   *
   * @param in closed with this, also where this fails
   */
  public SortedDiffReader(DiffInput in) throws IOException {
    this.in = in;
    try {
      header = DiffHeader.read(in.take(DiffHeader.SIZE_BYTES));
      if (header.format() != DiffHeader.Format.SORTED)
        throw new MalformedDiffException("it is an indexed wdiff, expected a sorted one");
    } catch (MalformedDiffException e) {
      in.close();
      throw new MalformedDiffException("%s: %s".formatted(in.name(), e.getMessage()));
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return in.name();
  }

  @Override
  public SessionUuid uuid() {
    return header.uuid();
  }

  /** Packs that were read so far, without the one that ends the file. */
  public int packs() {
    return packs;
  }

  @Override
  public Optional<Stretch> next() throws IOException {
    if (payload == Payload.AHEAD && !in.skip(record.dataBytes())) throw cutOff();
    payload = Payload.PASSED;
    while (!records.hasNext()) {
      if (over) return Optional.empty();
      readPack();
    }
    record = records.next();
    if (record.offsetSectors() < endSectors)
      throw malformed(
          "a record for sector %d, the one before it reaches to %d"
              .formatted(record.offsetSectors(), endSectors));
    endSectors = record.endSectors();
    unpacked.forget();
    if (record.dataBytes() > 0) payload = Payload.AHEAD;
    return Optional.of(Stretch.of(record));
  }

  private void readPack() throws IOException {
    ByteBuffer head = in.take(DiffPack.HEADER_BYTES);
    if (!head.hasRemaining()) throw malformed("it ends without the pack that ends a wdiff");
    if (head.remaining() < DiffPack.HEADER_BYTES) throw cutOff();
    switch (DiffPack.read(head)) {
      case Reading.Pack(DiffPack pack) -> {
        packs++;
        records = pack.records().iterator();
      }
      case Reading.End() -> {
        over = true;
        if (in.take(1).hasRemaining()) throw malformed("bytes behind the pack that ends it");
      }
      case Reading.Invalid(String found) -> throw malformed(found);
    }
  }

  @Override
  public long position() {
    return in.position();
  }

  @Override
  public ByteBuffer stored() throws IOException {
    if (payload == Payload.AHEAD) {
      stored = in.take(record.dataBytes());
      payload = Payload.PASSED;
      if (stored.remaining() < record.dataBytes()) throw cutOff();
      if (!record.matches(stored))
        throw malformed(
            "the payload for sector %d has checksum %08x, its record says %08x"
                .formatted(record.offsetSectors(), WalbChecksum.of(stored, 0), record.checksum()));
      payload = Payload.TAKEN;
    }
    if (payload == Payload.PASSED) throw new IllegalStateException("no payload of " + record);
    return stored.duplicate();
  }

  @Override
  public ByteBuffer raw(Codecs codecs) throws IOException {
    ByteBuffer bytes = stored();
    if (record.compression() == Compression.Type.NONE) return bytes;
    return unpacked.of(name(), codecs, record, bytes);
  }

  private MalformedDiffException cutOff() {
    return malformed("it ends in the middle of a pack");
  }

  private MalformedDiffException malformed(String found) {
    return new MalformedDiffException(
        "%s, before byte %d: %s".formatted(in.name(), position(), found));
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
