package io.backstay.sim;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A point as it was when it was first seen: this is what it must be for ever.
 *
 * @param serial of its files at the archive
 * @param image what a restore must give, byte for byte
 * @param seenNanos when it was first seen
 */
record PointModel(
    long gid, long serial, JsonNode point, String operation, Image image, long seenNanos) {
  String rawPath(String volume) {
    return "%s/volumes/%s/image-%06d.raw".formatted(SimulatedNode.STATE, volume, serial);
  }

  String sumsPath(String volume) {
    return "%s/volumes/%s/image-%06d.sums".formatted(SimulatedNode.STATE, volume, serial);
  }
}
