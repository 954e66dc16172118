package io.backstay.chain;

import java.util.Objects;
import java.util.Optional;

/**
 * What an image holds, while diffs are applied to it or not; in walb's words a MetaState, written
 * {@code <|5|>} or {@code <|5|-->|7|>}.
 *
 * @param applying what it becomes by the apply that began: until that is done any block may be at
 *     either state, so the image is of no use without the diffs between them
 */
public record ImageState(Snap image, Optional<Snap> applying) {
  public ImageState {
    Objects.requireNonNull(image, "image");
    if (applying.isPresent() && applying.get().begin() <= image.begin())
      throw new IllegalArgumentException(
          "an apply from %s to %s leads nowhere".formatted(image, applying.get()));
  }

  /** Of an image that nothing is being applied to. */
  public static ImageState of(Snap image) {
    return new ImageState(image, Optional.empty());
  }

  @Override
  public String toString() {
    return applying.map(to -> "<%s-->%s>".formatted(image, to)).orElse("<%s>".formatted(image));
  }
}
