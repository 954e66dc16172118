package io.backstay.bench;

import io.backstay.model.Bytes;
import io.backstay.seam.BufferPool;
import io.backstay.wire.Frame;
import io.backstay.wire.FrameCodec;
import io.backstay.wire.Message.ImageChunk;
import io.backstay.wire.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
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

/** The frame around each range of 1 MiB, without its payload: operations per second are MiB/s. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class FrameBenchmark {
  private Frame frame;
  private ByteBuffer encoded;
  private ByteBuffer payload;

  @Setup(Level.Trial)
  public void encode() {
    payload = BufferPool.aligned(ImageChunk.RANGE_BYTES);
    ImageChunk chunk =
        new ImageChunk(
            0, ImageChunk.RANGE_BYTES, 0xffff, Bytes.of(new byte[ImageChunk.HASH_BYTES]));
    frame = new Frame(chunk, Payload.of(payload, () -> {}));
    encoded = FrameCodec.encodePrefix(frame);
  }

  @Benchmark
  public ByteBuffer encodes() {
    return FrameCodec.encodePrefix(frame);
  }

  @Benchmark
  public Frame decodes() throws IOException {
    ByteBuffer in = encoded.duplicate();
    FrameCodec.Header header = FrameCodec.decodeHeader(in);
    return FrameCodec.decode(header, in.slice(), payload, () -> {});
  }
}
