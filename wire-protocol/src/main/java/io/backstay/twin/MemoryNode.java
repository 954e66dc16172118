package io.backstay.twin;

import java.util.random.RandomGenerator;

/** What a name stands for. */
sealed interface MemoryNode permits MemoryFile, MemoryFolder {
  /** Stable over renames, never used again. */
  long inode();

  /** Settles the fate of what was not made durable; what is left is durable. */
  void losePower(RandomGenerator random);

  /** Space that its bytes take. */
  long usedBytes();
}
