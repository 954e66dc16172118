package io.backstay.wlog;

import io.backstay.seam.BufferPool;
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

/** What is done to each logged block of 4 KiB and to each pack. Nanoseconds per call. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class LogBenchmark {
  private static final int BLOCK_BYTES = 4096;

  private ByteBuffer direct;
  private ByteBuffer onHeap;
  private ByteBuffer block;
  private PackHeader full;
  private PackReader reader;

  @Setup(Level.Trial)
  public void fill() {
    byte[] random = new byte[BLOCK_BYTES];
    new SplittableRandom(1).nextBytes(random);
    direct = BufferPool.aligned(BLOCK_BYTES).put(random).flip();
    onHeap = ByteBuffer.wrap(random);
    block = BufferPool.aligned(BLOCK_BYTES);
    PackBuilder pack = new PackBuilder(BLOCK_BYTES, 0);
    while (pack.recordsLeft() > 0) pack.addWrite(0, 8, 1);
    full = pack.build();
    reader = new PackReader(BLOCK_BYTES, 7, PackReader.Paddings.FILLED);
  }

  /**
   * Both kinds of memory, as in a process that has both: one loop for both is four times slower.
   */
  @Benchmark
  public int checksumOf4KiBDirectAnd4KiBOnHeap() {
    return WalbChecksum.of(direct, 7) + WalbChecksum.of(onHeap, 7);
  }

  @Benchmark
  public int checksumOf4KiBDirect() {
    return WalbChecksum.of(direct, 7);
  }

  @Benchmark
  public ByteBuffer writesAHeaderOf127Records() {
    full.write(block.clear(), 7);
    return block;
  }

  @Benchmark
  public PackReading readsAHeaderOf127Records() {
    full.write(block.clear(), 7);
    return reader.read(block.flip(), 0);
  }
}
