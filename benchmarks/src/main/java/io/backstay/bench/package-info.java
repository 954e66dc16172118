/**
 * How fast Backstay is beside other programs that do the same work on the same disk, and where its
 * time goes. {@link io.backstay.bench.Bench} is the command; {@code docs/benchmarks.md} says what
 * is counted.
 */
package io.backstay.bench;
