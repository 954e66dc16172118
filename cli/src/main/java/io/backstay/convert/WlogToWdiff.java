package io.backstay.convert;

import io.backstay.diff.DiffBuilder;
import io.backstay.diff.DiffMerge;
import io.backstay.model.RefusedException;
import io.backstay.wlog.LogRecord;
import io.backstay.wlog.MalformedLogException;
import io.backstay.wlog.PackReader.Paddings;
import io.backstay.wlog.SessionUuid;
import io.backstay.wlog.WlogFault;
import io.backstay.wlog.WlogItem;
import io.backstay.wlog.WlogReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Makes a wdiff of a wlog, or of several of one session behind each other. Memory: {@link
 * #HELD_BYTES} of data, and a list of where it belongs; a longer log is put aside in sorted pieces
 * and merged.
 */
public final class WlogToWdiff {
  /** More than the longest record of a log has. */
  private static final int HELD_BYTES = 64 << 20;

  /** Records without data cost memory as well. */
  private static final int HELD_STRETCHES_MAX = 250_000;

  private static final long ADVANCE_EVERY_BYTES = 4 << 20;

  private final ByteBuffer held = ByteBuffer.allocateDirect(HELD_BYTES);
  private final DiffBuilder builder = new DiffBuilder();
  private final String name;
  private final Advance advance;
  private final long wlogBytes;
  private Runs runs;
  private SessionUuid uuid;
  private long toldAt;
  private long records;

  /**
   * What was made.
   *
   * @param wlogBytes that were read
   * @param records of the log
   */
  public record Made(
      String file,
      String format,
      String compression,
      SessionUuid uuid,
      long wlogBytes,
      long records,
      long fileBytes) {}

  private WlogToWdiff(String name, long wlogBytes, Advance advance) {
    this.name = name;
    this.wlogBytes = wlogBytes;
    this.advance = advance;
  }

  /**
   * @param name of the wlog, for messages
   * @param wlogBytes 0 when it is not known
   * @throws MalformedLogException that says what is wrong with the wlog; then there is no new file
   * @throws RefusedException where there is a file of that name
   */
  public static Made convert(
      String name,
      ReadableByteChannel wlog,
      long wlogBytes,
      Path to,
      DiffForm form,
      Advance advance)
      throws IOException, RefusedException {
    try (NewFile file = NewFile.create(to, form.files())) {
      WlogToWdiff conversion = new WlogToWdiff(name, wlogBytes, advance);
      try {
        Made made = conversion.run(wlog, file, to, form);
        file.publish();
        return made;
      } finally {
        if (conversion.runs != null) conversion.runs.close();
      }
    }
  }

  private Made run(ReadableByteChannel wlog, NewFile file, Path to, DiffForm form)
      throws IOException, RefusedException {
    long read = readAll(wlog, file, form);
    long fileBytes;
    if (runs.isEmpty()) {
      fileBytes = form.write(file, uuid, builder::writeTo);
    } else {
      putAside();
      try (DiffMerge merge = runs.merged()) {
        Merging merging = new Merging(merge, "writing " + to, advance);
        fileBytes = form.write(file, uuid, merging::writeTo);
      }
    }
    return new Made(
        to.toString(),
        form.format().name().toLowerCase(Locale.ROOT),
        form.compression().toString(),
        uuid,
        read,
        records,
        fileBytes);
  }

  private long readAll(ReadableByteChannel wlog, NewFile file, DiffForm form)
      throws IOException, RefusedException {
    WlogReader reader = new WlogReader(wlog, Paddings.MAY_BE_EMPTY, WlogFault.Sink.refusing());
    long end = 0;
    for (Optional<WlogItem> next = reader.next(); next.isPresent(); next = reader.next()) {
      switch (next.get()) {
        case WlogItem.Begin begin -> {
          if (runs == null) {
            uuid = begin.header().uuid();
            runs = new Runs(file, form, uuid);
          }
        }
        case WlogItem.Pack pack -> told(pack.offsetBytes());
        case WlogItem.Io io -> hold(io.record(), io.blocks());
        case WlogItem.End last -> end = last.offsetBytes();
      }
    }
    return end;
  }

  private void told(long offset) {
    if (offset - toldAt < ADVANCE_EVERY_BYTES) return;
    toldAt = offset;
    advance.at("reading " + name, offset, wlogBytes);
  }

  private void hold(LogRecord record, ByteBuffer blocks) throws IOException, RefusedException {
    if (record.dataBytes() > held.remaining() || builder.size() >= HELD_STRETCHES_MAX) putAside();
    ByteBuffer data = held.slice(held.position(), record.dataBytes());
    held.put(blocks.slice(0, record.dataBytes()));
    builder.add(record, data);
    records++;
  }

  private void putAside() throws IOException, RefusedException {
    runs.add(builder::writeTo);
    builder.clear();
    held.clear();
  }
}
