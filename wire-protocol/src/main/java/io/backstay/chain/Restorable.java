package io.backstay.chain;

import java.time.Instant;
import java.util.Objects;

/** A generation that an image and its diffs lead to exactly. */
public record Restorable(long gid, Instant time, Standing standing) {
  /** Why a generation is there, and whether it stays. */
  public enum Standing {
    /** The image by itself, or as soon as the apply is done that began. */
    IMAGE,
    /** Somebody asked for it, or it is the newest: a merge does not take it away. */
    EXPLICIT,
    /** On the way to another one: the next merge may take it away. */
    PASSING
  }

  public Restorable {
    Objects.requireNonNull(time, "time");
    Objects.requireNonNull(standing, "standing");
  }
}
