package io.backstay.convert;

import io.backstay.diff.DiffOutput;
import io.backstay.diff.DiffWriter;
import io.backstay.diff.IndexedDiffWriter;
import io.backstay.diff.SortedDiffWriter;
import io.backstay.model.Compression;
import io.backstay.model.RefusedException;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * How a wdiff is to be written.
 *
 * @param files how files are read and written meanwhile
 */
public record DiffForm(DiffHeader.Format format, Compression compression, FileAccess files) {
  /** One more than are compressed at a time. */
  private static final int PACKS = 1 + Runtime.getRuntime().availableProcessors();

  /** What goes into a wdiff. */
  interface Content {
    void writeTo(DiffWriter out) throws IOException, RefusedException;
  }

  /** Writes a whole wdiff into a new file, which is not published yet, and tells its size. */
  long write(NewFile file, SessionUuid uuid, Content content) throws IOException, RefusedException {
    DiffOutput out = file.output();
    return switch (format) {
      case SORTED -> write(sorted(out, uuid), content);
      case INDEXED -> {
        try (FileChannel spool = file.spool()) {
          yield write(new IndexedDiffWriter(out, spool, uuid, compression), content);
        }
      }
    };
  }

  SortedDiffWriter sorted(DiffOutput out, SessionUuid uuid) throws IOException {
    List<ByteBuffer> memory = new ArrayList<>();
    for (int i = 0; i < PACKS; i++)
      memory.add(ByteBuffer.allocateDirect(SortedDiffWriter.MEMORY_BYTES));
    return new SortedDiffWriter(out, uuid, compression, files.time(), memory);
  }

  private static long write(DiffWriter writer, Content content)
      throws IOException, RefusedException {
    try (writer) {
      content.writeTo(writer);
      writer.finish();
      return writer.fileBytes();
    }
  }
}
