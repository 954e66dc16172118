package io.backstay.history;

/** Whether a diff that somebody offers is here already (rule X2). */
public sealed interface Sighting {
  /** It is not. */
  record Wanted() implements Sighting {}

  /**
   * It is, alone or in what a merge or an apply made of it.
   *
   * @param how for people
   */
  record Had(String how) implements Sighting {}

  /**
   * Its gids stand for another stretch of the log here.
   *
   * @param how for people
   */
  record Conflict(String how) implements Sighting {}
}
