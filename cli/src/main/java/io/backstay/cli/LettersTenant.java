package io.backstay.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An ext4 file system on the volume to which one file after another is added, without mounting it,
 * so that no root is needed: each time it is changed in a file, which is then copied to the volume.
 */
final class LettersTenant implements Tenant {
  /** What it needs beside what the volume of the plain act needs. */
  static final List<String> PROGRAMS = List.of("nbdcopy");

  private static final long SIZE_BYTES = 64L << 20;

  /** Longer than the volume's cut interval, so that there is a cut between two copies. */
  private static final Duration REST = Duration.ofSeconds(3);

  private final Tools tools;
  private final Path directory;
  private final Path image;
  private String volume = "";

  LettersTenant(Tools tools, Path directory) {
    this.tools = tools;
    this.directory = directory;
    this.image = directory.resolve("letters.img");
  }

  @Override
  public String words() {
    return "an ext4 file system";
  }

  @Override
  public void moveIn(String nbdUri) throws IOException, InterruptedException {
    volume = nbdUri;
    Files.createDirectories(directory);
    copyBallast();
    format();
  }

  /** Behind the file system: a backup needs a while for it, and so has a middle. */
  private void copyBallast() throws IOException, InterruptedException {
    Path ballast = directory.resolve("ballast.img");
    String where = "seek=" + (SIZE_BYTES >> 20);
    tools.run("dd", "if=/dev/urandom", "of=" + ballast, "bs=1M", "count=32", where);
    tools.run("nbdcopy", ballast.toString(), volume);
  }

  private void format() throws IOException, InterruptedException {
    tools.run("mke2fs", "-q", "-t", "ext4", "-F", image.toString(), SIZE_BYTES / 1024 + "k");
    copy();
  }

  private void copy() throws IOException, InterruptedException {
    tools.run("nbdcopy", "--flush", image.toString(), volume);
  }

  @Override
  public void write(long number, String text) throws IOException, InterruptedException {
    Path letter = directory.resolve("letter");
    Files.writeString(letter, text);
    tools.run(
        "debugfs", "-w", "-R", "write %s letter-%d".formatted(letter, number), image.toString());
    copy();
  }

  /** A copy takes a while, and a moment in it is neither the state before nor that after it. */
  @Override
  public Duration restBeforeMistake() {
    return REST;
  }

  @Override
  public String makeMistake() throws IOException, InterruptedException {
    format();
    return "mkfs.ext4 on the wrong disk";
  }

  @Override
  public Map<Long, String> rowsIn(String nbdUri) throws IOException, InterruptedException {
    Path copy = directory.resolve("before.img");
    tools.run("nbdcopy", nbdUri, copy.toString());
    tools.run("e2fsck", "-fn", copy.toString());
    Path unpacked = Files.createDirectories(directory.resolve("before"));
    tools.run("debugfs", "-R", "rdump / " + unpacked, copy.toString());
    List<Path> letters;
    try (Stream<Path> files = Files.list(unpacked)) {
      letters = files.filter(Files::isRegularFile).toList();
    }
    Map<Long, String> rows = new TreeMap<>();
    for (Path letter : letters) {
      String name = letter.getFileName().toString();
      rows.put(Long.parseLong(name.replaceFirst("letter-", "")), Files.readString(letter));
    }
    return rows;
  }

  @Override
  public void moveOut() {
    // Every letter was copied when it was written.
  }

  @Override
  public void close() {
    // It has nothing but files below its directory.
  }
}
