package io.backstay.cli;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/** What lives on the volume of the continuous act and writes to it. */
interface Tenant extends Closeable {
  /** "PostgreSQL 17 on ext4". */
  String words();

  /** Makes a file system on the volume, and starts on it. */
  void moveIn(String nbdUri) throws IOException, InterruptedException;

  /** Durable on the volume when it returns. */
  void write(long number, String text) throws IOException, InterruptedException;

  /** How long nothing is written before the mistake. */
  Duration restBeforeMistake();

  /**
   * Destroys everything that was written.
   *
   * @return what was done, as a person would have typed it
   */
  String makeMistake() throws IOException, InterruptedException;

  /** Starts a second one on a point that is exported, and reads all rows. */
  Map<Long, String> rowsIn(String nbdUri) throws IOException, InterruptedException;

  /** Stops. Nothing is written to the volume any more. */
  void moveOut() throws IOException, InterruptedException;
}
