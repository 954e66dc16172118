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
    return switch (format(file)) {
      case SORTED -> new SortedDiffReader(DiffInput.of(file.toString(), files.ahead(file)));
      case INDEXED ->
          new IndexedDiffReader(file.toString(), FileChannel.open(file, StandardOpenOption.READ));
    };
  }

  private static DiffHeader.Format format(Path file) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(DiffHeader.SIZE_BYTES);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (first.hasRemaining() && channel.read(first) >= 0) {}
      return DiffHeader.read(first.flip()).format();
    } catch (MalformedDiffException e) {
      throw new MalformedDiffException("%s: %s".formatted(file, e.getMessage()));
    }
  }
}
