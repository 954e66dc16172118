/**
 * The whole group, simulated from one seed: the real servers on virtual threads that run one at a
 * time in an order that the seed chooses ({@link io.backstay.sim.SeededScheduler}), over twins of
 * the disks and the network that lose power, break and lie as the seed says, with a model that
 * knows every byte ({@link io.backstay.sim.Simulation}).
 *
 * <p>{@code ./backstay simulate --seeds N [--seed S]} runs {@link io.backstay.sim.Simulate}.
 */
package io.backstay.sim;
