package io.backstay.archive;

import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The two files of an image in the directory of its volume: {@code image-SERIAL.raw}, sparse and
 * readable without Backstay, and {@code image-SERIAL.sums}, its {@link Sidecar} (rule X9). Once it
 * is complete an {@link ImageNote} lies beside them.
 */
record ImageFiles(BlockDevice image, Sidecar sidecar, long sizeBytes) implements Closeable {
  private static final Pattern NAME = Pattern.compile("image-(\\d{6,18})\\.");

  private static String raw(long serial) {
    return "image-%06d.raw".formatted(serial);
  }

  private static String sums(long serial) {
    return "image-%06d.sums".formatted(serial);
  }

  /** Makes both files, empty; their names are durable when it returns. */
  static ImageFiles create(Directory directory, long serial, long sizeBytes) throws IOException {
    BlockDevice image = directory.createDevice(raw(serial), sizeBytes);
    try {
      Sidecar sidecar =
          Sidecar.format(
              directory.createDevice(sums(serial), Sidecar.sizeBytes(sizeBytes)), sizeBytes);
      image.flush();
      sidecar.flush();
      directory.sync();
      return new ImageFiles(image, sidecar, sizeBytes);
    } catch (IOException | RuntimeException e) {
      image.close();
      throw e;
    }
  }

  static ImageFiles open(Directory directory, long serial, long sizeBytes) throws IOException {
    return open(directory, serial, sizeBytes, sizeBytes);
  }

  /**
   * @param grownBytes what an apply that began is making it: it may have any size up to that
   */
  static ImageFiles open(Directory directory, long serial, long sizeBytes, long grownBytes)
      throws IOException {
    BlockDevice image = directory.openDevice(raw(serial));
    try {
      if (image.sizeBytes() < sizeBytes || image.sizeBytes() > grownBytes) {
        throw new IOException(
            "%s in %s has %d bytes, the point says %d"
                .formatted(raw(serial), directory.description(), image.sizeBytes(), sizeBytes));
      }
      return new ImageFiles(
          image,
          Sidecar.open(directory.openDevice(sums(serial)), sizeBytes, grownBytes),
          sizeBytes);
    } catch (IOException | RuntimeException e) {
      image.close();
      throw e;
    }
  }

  private static List<String> names(long serial) {
    return List.of(raw(serial), sums(serial), ImageNote.name(serial));
  }

  /** Of all image files that are there. */
  static Set<Long> serials(Directory directory) throws IOException {
    Set<Long> serials = new HashSet<>();
    for (String name : directory.list()) {
      Matcher image = NAME.matcher(name);
      if (image.lookingAt()) serials.add(Long.parseLong(image.group(1)));
    }
    return serials;
  }

  /** Deletes the image files that no metadata names any more, and answers their names. */
  static List<String> deleteUnnamed(Directory directory, ArchiveVolume volume) throws IOException {
    Set<String> named = new HashSet<>();
    volume.images().forEach(image -> named.addAll(names(image.serial())));
    volume.partial().ifPresent(partial -> named.addAll(names(partial.serial())));
    List<String> deleted = new ArrayList<>();
    for (String name : directory.list()) {
      if (!name.startsWith("image-") || named.contains(name)) continue;
      directory.delete(name);
      deleted.add(name);
    }
    if (!deleted.isEmpty()) directory.sync();
    return deleted;
  }

  @Override
  public void close() throws IOException {
    try (image) {
      sidecar.close();
    }
  }
}
