package io.backstay.sim;

import java.util.EnumSet;
import java.util.Set;

/** What goes wrong in a simulation. */
public enum Fault {
  /** A server dies between two of its operations, now and then again soon after its restart. */
  DEATH,
  /** A node loses power between two operations of a server on it. */
  POWER_LOSS,
  /** All nodes lose power at once. */
  BLACKOUT,
  /** A server is told to stop, and started again. */
  STOP,
  /** Nobody hears of a server for a while; then it goes on. */
  PAUSE,
  /** The connections between two are reset. */
  CUT,
  /** As a cut, and no new connection for a while. */
  PARTITION,
  /** Frames take long for a while. */
  DELAY,
  /** A bit of a frame is flipped on its way. */
  DAMAGE,
  /** A flush or sync fails once. */
  FLUSH_FAILURE,
  /** A range cannot be read for a while. */
  READ_ERROR,
  /** A range cannot be written for a while. */
  WRITE_ERROR,
  /** A disk is full for a while. */
  DISK_FULL,
  /** A bit of a stored image is flipped. */
  ROT,
  /** Somebody writes to a source. */
  SOURCE_CHANGE,
  /** The clock of a node jumps forward. */
  CLOCK_JUMP,
  /** A worker dies and another takes its runs over. */
  WORKER_DEATH,
  /** A worker is silent for so long that another takes its runs over, and then goes on. */
  WORKER_SILENCE,
  /** A run is asked to stop. */
  CANCEL,
  /** A run is ended without its knowledge. */
  TERMINATE,
  /** A server is away for minutes or hours; what it kept is old when it comes back. */
  ABSENCE,
  /** A proxy loses its disk. */
  DISK_LOSS;

  /** What happens to groups whose volumes are plain. */
  static final Set<Fault> TO_PLAIN_VOLUMES = EnumSet.range(DEATH, TERMINATE);
}
