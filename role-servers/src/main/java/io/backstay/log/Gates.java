package io.backstay.log;

import io.backstay.seam.Gate;
import io.backstay.seam.Time;

/**
 * What the threads of a volume wait at.
 *
 * @param log opened when there is more to write to the log
 * @param apply opened when there is something to apply to the data device again, and when somebody
 *     waits for that
 * @param room opened when the log wants to be overwritten
 */
record Gates(Gate log, Gate apply, Gate room) {
  static Gates of(Time time) {
    return new Gates(time.gate(), time.gate(), time.gate());
  }
}
