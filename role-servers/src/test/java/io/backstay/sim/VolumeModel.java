package io.backstay.sim;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the model knows of one volume beside its source: points, and what was promised. */
final class VolumeModel {
  /** How far an archive said that an image is durable, for one state of the source. */
  record Claim(String key, String operation, long upTo) {}

  /**
   * Stored bits of a point were flipped.
   *
   * @param matters whether whoever reads the point must see it
   */
  record Rot(long sinceNanos, boolean matters) {}

  private final SourceVolume source;
  private final TreeMap<Long, PointModel> points = new TreeMap<>();
  private final TreeMap<Long, String> told = new TreeMap<>();
  private final Set<Long> mayGo = new TreeSet<>();
  private final Set<String> clears = new TreeSet<>();
  private final TreeMap<Long, Rot> rotten = new TreeMap<>();
  private final Map<String, Long> epochs = new HashMap<>();
  private final Map<Long, String> holders = new TreeMap<>();
  private final Map<String, Long> beganNanos = new HashMap<>();
  private final Set<String> known = new HashSet<>();
  private Optional<Claim> claim = Optional.empty();

  VolumeModel(SourceVolume source) {
    this.source = source;
  }

  String name() {
    return source.name();
  }

  SourceVolume source() {
    return source;
  }

  /** Points that were seen, by gid, those that are gone since too. */
  TreeMap<Long, PointModel> points() {
    return points;
  }

  /** Gids that somebody was told of, with the operation that made them. */
  TreeMap<Long, String> told() {
    return told;
  }

  /** Gids that somebody was allowed to delete. */
  Set<Long> mayGo() {
    return mayGo;
  }

  /** Operations that clear the volume and are not known to be over. */
  Set<String> clears() {
    return clears;
  }

  /** Gids of which stored bits were flipped. */
  Set<Long> rotten() {
    return rotten.keySet();
  }

  void rots(long gid, long nanos, boolean matters) {
    rotten.put(gid, new Rot(nanos, matters));
  }

  /** Whether a reader that begins at that moment must find the point damaged. */
  boolean mustBeFoundRotten(long gid, long fromNanos) {
    Rot rot = rotten.get(gid);
    return rot != null && rot.matters() && rot.sinceNanos() <= fromNanos;
  }

  /** Highest epoch under which a server accepted something, by server. */
  Map<String, Long> epochs() {
    return epochs;
  }

  /** Who was told that it has an epoch. */
  Map<Long, String> holders() {
    return holders;
  }

  /** When an operation was first asked for. */
  Map<String, Long> beganNanos() {
    return beganNanos;
  }

  /** Operations that a server accepted: SERVER + " " + OPERATION. */
  Set<String> known() {
    return known;
  }

  Optional<Claim> claim() {
    return claim;
  }

  void claim(Optional<Claim> next) {
    claim = next;
  }
}
