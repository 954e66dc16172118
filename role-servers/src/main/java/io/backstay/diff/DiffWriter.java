package io.backstay.diff;

import io.backstay.model.Compression;
import io.backstay.wdiff.DiffRecord;
import io.backstay.wdiff.DiffRecord.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes stretches in order of their addresses, each beginning where the one before ended or behind,
 * and writes a wdiff of them as it goes. Not for several threads.
 */
public sealed interface DiffWriter extends AutoCloseable
    permits SortedDiffWriter, IndexedDiffWriter {
  /**
   * Adds a stretch. It is cut to records of at most {@link DiffRecord#WRITTEN_SECTORS_MAX}, or of
   * more where it is long and has no data.
   *
   * @param raw of a normal stretch exactly its data, from position to limit; not looked at
   *     otherwise
   */
  void add(long offsetSectors, long sectors, Kind kind, ByteBuffer raw) throws IOException;

  /**
   * As {@link #add}, of data that nobody changes before {@link #finish}, so that it need not be
   * copied where that is not done at once.
   */
  default void addLasting(long offsetSectors, long sectors, Kind kind, ByteBuffer raw)
      throws IOException {
    add(offsetSectors, sectors, kind, raw);
  }

  /**
   * Adds a normal record as it stands in another wdiff, its payload still compressed. It is not
   * cut.
   *
   * @param stored the payload as stored, its checksum compared already, from position to limit
   */
  void addStored(DiffRecord record, ByteBuffer stored) throws IOException;

  /** Writes what is left and what ends the file. */
  void finish() throws IOException;

  /** Of the payloads that become smaller by it. */
  Compression.Type compression();

  /** Bytes that were written so far. */
  long fileBytes();

  /** Gives up what the codecs hold. Does not finish the file. */
  @Override
  void close();
}
