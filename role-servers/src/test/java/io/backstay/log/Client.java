package io.backstay.log;

import io.backstay.nbd.Export;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToIntFunction;

/** One who waits for every answer. */
public final class Client {
  private final Export export;

  public Client(Export export) {
    this.export = export;
  }

  public int write(long offset, byte[] bytes, boolean durable) {
    ByteBuffer all = ByteBuffer.wrap(bytes);
    // In two buffers, as they come from a network.
    int half = bytes.length / 3;
    List<ByteBuffer> parts = List.of(all.slice(0, half), all.slice(half, bytes.length - half));
    return call(answer -> export.write(offset, parts, bytes.length, durable, answer));
  }

  public int flush() {
    return call(export::flush);
  }

  public int trim(long offset, long length, boolean durable) {
    return call(answer -> export.trim(offset, length, durable, answer));
  }

  public int zeroes(long offset, long length, boolean keepSpace) {
    return call(answer -> export.zeroes(offset, length, keepSpace, false, false, answer));
  }

  public byte[] read(long offset, int length) {
    ByteBuffer into = ByteBuffer.allocateDirect(length);
    int error = call(answer -> export.read(offset, into, answer));
    if (error != 0) throw new IllegalStateException("errno " + error);
    byte[] bytes = new byte[length];
    into.get(0, bytes);
    return bytes;
  }

  private static int call(ToIntFunction<Export.Answer> request) {
    CompletableFuture<Integer> later = new CompletableFuture<>();
    int now = request.applyAsInt(later::complete);
    return now == Export.LATER ? later.join() : now;
  }
}
