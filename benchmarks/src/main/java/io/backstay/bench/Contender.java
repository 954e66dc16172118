package io.backstay.bench;

import java.io.IOException;

/** One program, or Backstay, that does one kind of work on the image. */
interface Contender {
  String name();

  /** The same command line as the table shows it; paths are given as SOURCE and TARGET. */
  String shown();

  /** Outside the measured time: what must be there before the command. */
  default void prepare() throws BenchException, IOException, InterruptedException {}

  Reading run() throws BenchException, IOException, InterruptedException;

  /** Outside the measured time: whether the result is what it must be. */
  default void check() throws BenchException, IOException, InterruptedException {}

  /** Outside the measured time: removes the result. */
  default void clean() throws BenchException, IOException, InterruptedException {}
}
