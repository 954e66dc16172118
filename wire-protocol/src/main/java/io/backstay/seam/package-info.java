/**
 * The four narrow seams through which Backstay touches the world: {@link
 * io.backstay.seam.BlockDevice}, {@link io.backstay.seam.Directory}, {@link
 * io.backstay.wire.Channel} and {@link io.backstay.seam.Time}. Each has a real implementation and
 * an in-memory twin (package {@code io.backstay.twin}), and one contract suite that both pass. Code
 * that takes these by constructor can be run, killed, cut off and replayed from one seed.
 */
package io.backstay.seam;
