package io.backstay.archive;

import io.backstay.model.Bytes;
import io.backstay.seam.BlockDevice;
import io.backstay.twin.MemoryDisk;
import io.backstay.wire.Message.ImageChunk;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the archive does to the evidence of each range of 1 MiB: operations per second are MiB/s.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class SidecarBenchmark {
  private static final int RANGES = 1024;
  private static final int BLOCKS = 16;

  private Sidecar.Page page;
  private ImageChunk chunk;
  private int[] checksums;

  @Setup(Level.Trial)
  public void format() throws IOException {
    long imageBytes = (long) RANGES * ImageChunk.RANGE_BYTES;
    BlockDevice device =
        new MemoryDisk().directory("/a0").createDevice("sums", Sidecar.sizeBytes(imageBytes));
    page = Sidecar.format(device, imageBytes).read(0, RANGES);
    chunk =
        new ImageChunk(
            0, ImageChunk.RANGE_BYTES, 0xffff, Bytes.of(new byte[ImageChunk.HASH_BYTES]));
    checksums = new int[BLOCKS];
  }

  @Benchmark
  @OperationsPerInvocation(RANGES)
  public Object fillsPage() {
    for (int range = 0; range < RANGES; range++) page.put(range, chunk, checksums);
    return page;
  }
}
