package io.backstay.sim;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** A file or device that somebody writes to, and what the model knows of it: every version. */
final class SourceVolume {
  /** The bytes from one moment to the next change. */
  record Version(long fromNanos, Image image) {}

  private final String name;
  private final SimulatedNode node;
  private final String path;
  private final List<Version> versions = new ArrayList<>();
  private final Map<String, Version> byEvidence = new HashMap<>();

  private SourceVolume(String name, SimulatedNode node, String path) {
    this.name = name;
    this.node = node;
    this.path = path;
  }

  static SourceVolume make(String name, SimulatedNode node, boolean blockDevice, Image image)
      throws IOException {
    SourceVolume volume = new SourceVolume(name, node, "/dev/" + name);
    node.make(volume.path, blockDevice, image.sizeBytes());
    for (int i = 0; i < image.ranges(); i++) {
      if (!isZero(image.range(i)))
        node.write(volume.path, (long) i * Image.RANGE_BYTES, image.range(i));
    }
    volume.versions.add(new Version(0, image));
    volume.noteEvidence();
    return volume;
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) if (b != 0) return false;
    return true;
  }

  String name() {
    return name;
  }

  SimulatedNode node() {
    return node;
  }

  String path() {
    return path;
  }

  long sizeBytes() {
    return now().image().sizeBytes();
  }

  Version now() {
    return versions.getLast();
  }

  /**
   * Somebody writes to it, to several places at once as far as anybody can see; durable at once.
   */
  void change(RandomGenerator random, long nanos) throws IOException {
    Image image = now().image();
    for (int i = random.nextInt(3); i >= 0; i--) {
      int range = random.nextInt(image.ranges());
      byte[] bytes = image.changed(range, random);
      node.write(path, (long) range * Image.RANGE_BYTES, bytes);
      image = image.with(range, bytes);
    }
    versions.add(new Version(nanos, image));
    noteEvidence();
  }

  /** To call whenever the evidence of its state may be another one: after changes and boots. */
  void noteEvidence() throws IOException {
    byEvidence.put(node.look(mount -> mount.devices().changeStamp(path)).evidence(), now());
  }

  /** What it held when it had this evidence. */
  Optional<Version> version(String evidence) {
    return evidence.isEmpty() ? Optional.empty() : Optional.ofNullable(byEvidence.get(evidence));
  }

  /** All that it held at some time in between, oldest first. */
  List<Image> between(long fromNanos, long toNanos) {
    List<Image> images = new ArrayList<>();
    for (int i = 0; i < versions.size(); i++) {
      long until = i + 1 < versions.size() ? versions.get(i + 1).fromNanos() : Long.MAX_VALUE;
      if (until >= fromNanos && versions.get(i).fromNanos() <= toNanos)
        images.add(versions.get(i).image());
    }
    return images;
  }

  boolean changedBetween(long fromNanos, long toNanos) {
    return versions.stream()
        .skip(1)
        .anyMatch(v -> v.fromNanos() >= fromNanos && v.fromNanos() <= toNanos);
  }
}
