package io.backstay.archive;

import io.backstay.model.Cut;
import java.util.Objects;

/**
 * An apply that began: it makes another state of an image, in place. Until it is done any byte that
 * the diffs up to {@code to} hold may be at either state, so it is read from them.
 *
 * <p>What lies below {@code doneBytes} is done, with its checksums; what lies between that and
 * {@code begunBytes} may be half done; what lies behind was not touched.
 *
 * @param to the cut whose image it becomes, clean
 * @param sizeBytes of the volume at that cut (rule L9)
 * @param diffs how many there are
 * @param pointsDestroyed that could be restored before it began
 */
public record Applying(
    Cut to, long sizeBytes, int diffs, int pointsDestroyed, long doneBytes, long begunBytes) {
  public Applying {
    Objects.requireNonNull(to, "to");
    if (doneBytes < 0 || doneBytes > begunBytes)
      throw new IllegalArgumentException(
          "an apply that is done to %d and begun to %d".formatted(doneBytes, begunBytes));
  }

  Applying at(long newDoneBytes, long newBegunBytes) {
    return new Applying(to, sizeBytes, diffs, pointsDestroyed, newDoneBytes, newBegunBytes);
  }
}
