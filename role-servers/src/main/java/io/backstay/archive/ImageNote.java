package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.seam.Directory;
import io.backstay.volume.MetadataFile;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an image is, in a file of its own beside it ({@code image-SERIAL.note}): the volume's
 * metadata can be made again from these when it is lost ({@link Rebuild}). It says that an apply
 * began before the first byte of the image is rewritten, and what that made of it before the diffs
 * go.
 */
final class ImageNote {
  private static final Pattern NAME = Pattern.compile("image-(\\d{6,18})\\.note");

  private ImageNote() {}

  static String name(long serial) {
    return "image-%06d.note".formatted(serial);
  }

  /** The serial of the image whose note that is; empty where it is none. */
  static Optional<Long> serial(String fileName) {
    Matcher name = NAME.matcher(fileName);
    return name.matches() ? Optional.of(Long.parseLong(name.group(1))) : Optional.empty();
  }

  /** Durable when it returns. */
  static void write(Directory directory, Image image) throws IOException {
    Image noted = noted(image);
    MetadataFile<Image> file = file(directory, image.serial());
    if (!file.load().equals(Optional.of(noted))) file.publish(noted);
  }

  static Optional<Image> read(Directory directory, long serial) throws IOException {
    return file(directory, serial).load();
  }

  private static MetadataFile<Image> file(Directory directory, long serial) {
    return new MetadataFile<>(directory, name(serial), Image.class);
  }

  /** How far an apply is, is not noted: all of it may be half done. */
  private static Image noted(Image image) {
    return image.with(image.applying().map(applying -> applying.at(0, applying.sizeBytes())));
  }
}
