package io.backstay.convert;

import io.backstay.diff.DiffInput;
import io.backstay.diff.DiffSource;
import io.backstay.diff.IndexedDiffReader;
import io.backstay.diff.SortedDiffReader;
import io.backstay.model.RefusedException;
import io.backstay.wdiff.DiffHeader;
import io.backstay.wdiff.MalformedDiffException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A wdiff by its path. */
public final class DiffFile {
  private DiffFile() {}

  /**
   * Opens a wdiff of either format.
   *
   * @throws RefusedException {@code not-found}
   * @throws MalformedDiffException if it is no wdiff
   */
  public static DiffSource open(Path file, FileAccess files) throws IOException, RefusedException {
    FileAccess.requireThere(file, "wdiff");
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    return switch (format(file, channel)) {
      case SORTED -> {
        channel.close();
        yield new SortedDiffReader(DiffInput.of(file.toString(), files.read(file, "wdiff")));
      }
      case INDEXED -> new IndexedDiffReader(file.toString(), channel);
    };
  }

  private static DiffHeader.Format format(Path file, FileChannel channel) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(DiffHeader.SIZE_BYTES);
    try {
      while (first.hasRemaining() && channel.read(first) >= 0) {}
      channel.position(0);
      return DiffHeader.read(first.flip()).format();
    } catch (MalformedDiffException e) {
      channel.close();
      throw new MalformedDiffException("%s: %s".formatted(file, e.getMessage()));
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }
}
