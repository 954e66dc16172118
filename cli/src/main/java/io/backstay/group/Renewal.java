package io.backstay.group;

import io.backstay.seam.Time;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the certificates of the group at half of their life (rule K5). Nobody is restarted for it:
 * every process looks at its files when it makes a connection, and takes what is new.
 */
final class Renewal {
  /** A certificate has half a year left when it is due, so a day more or less means nothing. */
  static final Duration EVERY = Duration.ofDays(1);

  /** After a failure, which most often is a full disk. */
  static final Duration AGAIN_AFTER = Duration.ofMinutes(10);

  private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);

  private final Layout layout;
  private final GroupFile group;
  private final Time time;
  private Instant due = Instant.MIN;

  Renewal(Layout layout, GroupFile group, Time time) {
    this.layout = layout;
    this.group = group;
    this.time = time;
  }

  /** Looks at the certificates when that is due; never waits. */
  void look() {
    Instant now = time.now();
    if (now.isBefore(due)) return;
    try {
      Optional<DirectoryLock> change = DirectoryLock.tryTake(layout.changeLock());
      if (change.isEmpty()) return; // Whoever starts or stops the group may be writing them.
      try (DirectoryLock held = change.get()) {
        new Setup(layout, time).certificates(group);
      }
      due = now.plus(EVERY);
    } catch (IOException e) {
      due = now.plus(AGAIN_AFTER);
      LOG.error("certificates could not be renewed, tried again at {}: {}", due, e.getMessage());
    }
  }
}
