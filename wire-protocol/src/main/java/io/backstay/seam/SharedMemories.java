package io.backstay.seam;

import java.io.IOException;
import java.util.Optional;

/**
 * The shared memories of this machine, by name. Names are like those of a {@link Directory}, and
 * shared by everything on the machine, so they hold something unique.
 */
public interface SharedMemories {
  /** Names this life of the machine: what is shared was lost where this is another one. */
  String bootId() throws IOException;

  /**
   * Makes a new one with all of its memory in place, so that writing to it never fails; replaces
   * the one that has this name.
   *
   * @throws NoSpaceException where the machine has not so much
   */
  SharedMemory create(String name, int sizeBytes) throws IOException;

  /** Empty where there is none of this name. One that belongs to another user is an IOException. */
  Optional<SharedMemory> open(String name) throws IOException;

  /** Nothing there: nothing happens. */
  void delete(String name) throws IOException;
}
