package io.backstay.bench;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** What the files of the image hold: the same for the same seed, and never twice the same. */
final class Filling {
  private static final int WORDS = 4096;

  private final SplittableRandom random;
  private final byte[][] words;

  Filling(long seed) {
    this.random = new SplittableRandom(seed);
    this.words = new byte[WORDS][];
    for (int i = 0; i < WORDS; i++) words[i] = word();
  }

  private byte[] word() {
    StringBuilder letters = new StringBuilder();
    for (int left = 2 + random.nextInt(9); left > 0; left--) {
      letters.append((char) ('a' + random.nextInt(26)));
    }
    return letters.append(' ').toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Cannot be compressed: what media, archives and encrypted files look like. */
  void random(byte[] into) {
    random.nextBytes(into);
  }

  /** Words, the frequent ones often: shrinks to about two fifths. */
  void text(byte[] into) {
    for (int at = 0; at < into.length; ) {
      byte[] word = words[(int) (WORDS * Math.pow(random.nextDouble(), 3))];
      int length = Math.min(word.length, into.length - at);
      System.arraycopy(word, 0, into, at, length);
      at += length;
    }
  }

  /** From 4 KiB to 64 MiB, each power of two about equally often in bytes. */
  long fileBytes() {
    int power = 12;
    while (power < 26 && random.nextInt(8) != 0) power += 1;
    return (1L << power) + random.nextInt(1 << (power - 2));
  }

  boolean coin() {
    return random.nextBoolean();
  }
}
