package io.backstay.archive;

import io.backstay.device.FileDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading an image from one end to the other, alone and with a hundred diffs of random writes over
 * it: operations per second are MiB/s. The second is to be at least 0.7 of the first.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class VirtualImageBenchmark {
  private static final int RANGES = 512;

  private Path place;
  private DiffsOverImage images;

  @Setup(Level.Trial)
  public void make() throws Exception {
    place = Files.createTempDirectory("backstay-virtual");
    images = DiffsOverImage.make(place, RANGES);
  }

  @Benchmark
  @OperationsPerInvocation(RANGES)
  public long readsTheImageAlone() throws Exception {
    return images.readImageAlone();
  }

  @Benchmark
  @OperationsPerInvocation(RANGES)
  public long readsItUnderAHundredDiffs() throws Exception {
    return images.readUnderDiffs();
  }

  @TearDown(Level.Trial)
  public void remove() throws IOException {
    images.close();
    FileDirectory.at(place.getParent()).delete(place.getFileName().toString());
  }
}
