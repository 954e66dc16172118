package io.backstay.image;

import io.backstay.seam.BufferPool;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the storage does to each range of 1 MiB: operations per second are MiB/s. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class RangeBenchmark {
  private static final int ALL_BLOCKS = 0xffff;

  private ByteBuffer data;
  private ByteBuffer zeroes;

  @Setup(Level.Trial)
  public void fill() {
    byte[] random = new byte[ImageChunk.RANGE_BYTES];
    new SplittableRandom(1).nextBytes(random);
    data = BufferPool.aligned(ImageChunk.RANGE_BYTES).put(random).flip();
    zeroes = BufferPool.aligned(ImageChunk.RANGE_BYTES);
  }

  /** The slow case: every byte must be looked at. */
  @Benchmark
  public int findsThatAllIsZero() {
    return Zeroes.dataBlocks(zeroes);
  }

  @Benchmark
  public int findsThatAllIsData() {
    int found = Zeroes.dataBlocks(data);
    if (found != ALL_BLOCKS) throw new IllegalStateException("blocks " + found);
    return found;
  }

  @Benchmark
  public int[] crc32cOf64KiBBlocks() {
    return Payload.checksumsOf(data);
  }

  @Benchmark
  public Object sourceHash() {
    return RangeHash.of(data);
  }
}
