package io.backstay.archive;

import io.backstay.archive.ArchiveVolume.Generations;
import io.backstay.archive.ArchiveVolume.Image;
import io.backstay.archive.ArchiveVolume.State;
import io.backstay.history.DiffStore;
import io.backstay.history.KeptDiff;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Session;
import io.backstay.model.Signed;
import io.backstay.seam.Directory;
import io.backstay.volume.Ledger;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Makes the metadata of a volume again from what lies in its directory: images with their notes,
 * diffs with their sidecars (rule X9). What only the metadata knew is lost: holds, operations that
 * ran, an image on its way in, epochs.
 */
final class Rebuild {
  /** Gids that may have been given and left no trace are skipped (rule M2). */
  private static final long GIDS_SKIPPED = 1L << 32;

  private Rebuild() {}

  /**
   * @param metadata what was found; nothing was changed
   * @param left files that say nothing of what they belong to, each with the reason
   */
  record Found(ArchiveVolume metadata, List<String> left) {
    Found {
      left = List.copyOf(left);
    }
  }

  /**
   * @param directory of the volume
   * @param record as the catalog has it
   */
  static Found of(Directory directory, Signed signed, ProtectionRecord record) throws IOException {
    List<String> left = new ArrayList<>();
    List<Image> images = images(directory, left);
    DiffStore diffs = DiffStore.open(directory);
    left.addAll(diffs.damage());
    TreeMap<Integer, Session> sessions = new TreeMap<>();
    for (KeptDiff kept : diffs.all()) sessions.put(kept.session().number(), kept.session());
    for (Image image : images)
      image.base().map(Generations::session).ifPresent(one -> sessions.put(one.number(), one));
    long gid = diffs.nextGid();
    for (Image image : images) gid = Math.max(gid, image.point().gid() + 1);
    for (Session session : sessions.values())
      gid = Math.max(gid, session.firstGid().orElse(-1L) + 1);
    ArchiveVolume metadata =
        new ArchiveVolume(
            record.volume(),
            images.isEmpty() ? State.SYNC_READY : State.ARCHIVED,
            Optional.of(signed),
            Optional.of(record),
            images,
            Optional.empty(),
            List.of(),
            gid + GIDS_SKIPPED,
            nextSerial(directory),
            followed(images, sessions),
            Ledger.EMPTY);
    return new Found(metadata, left);
  }

  private static List<Image> images(Directory directory, List<String> left) throws IOException {
    List<Image> images = new ArrayList<>();
    for (String name : directory.list()) {
      Optional<Long> serial = ImageNote.serial(name);
      if (serial.isEmpty()) continue;
      try {
        Image image = ImageNote.read(directory, serial.get()).orElseThrow();
        long sizeBytes = image.point().sizeBytes();
        long grown = image.applying().map(Applying::sizeBytes).orElse(sizeBytes);
        ImageFiles.open(directory, serial.get(), sizeBytes, grown).close();
        images.add(image);
      } catch (IOException e) {
        left.add("%s: %s".formatted(name, e.getMessage()));
      }
    }
    images.sort(Comparator.comparingLong(image -> image.point().gid()));
    return images;
  }

  private static long nextSerial(Directory directory) throws IOException {
    return ImageFiles.serials(directory).stream().mapToLong(serial -> serial + 1).max().orElse(0);
  }

  /** The newest image's session is followed, later ones are expected. */
  private static FollowedSessions followed(List<Image> images, TreeMap<Integer, Session> sessions) {
    Optional<Session> current =
        images.stream()
            .flatMap(image -> image.base().stream())
            .map(Generations::session)
            .max(Comparator.comparingInt(Session::number));
    int number = current.map(Session::number).orElse(-1);
    return new FollowedSessions(current, List.copyOf(sessions.tailMap(number, false).values()));
  }
}
