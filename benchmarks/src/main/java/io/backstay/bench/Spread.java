package io.backstay.bench;

import java.util.List;

/** Several readings of the same thing. */
record Spread(double median, double min, double max) {
  static Spread of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    if (sorted.isEmpty()) throw new IllegalArgumentException("no values");
    int half = sorted.size() / 2;
    double median =
        sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    return new Spread(median, sorted.getFirst(), sorted.getLast());
  }
}
