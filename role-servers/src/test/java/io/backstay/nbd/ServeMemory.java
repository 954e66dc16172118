package io.backstay.nbd;

import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Serves memory until its input ends, to measure what the server itself costs: {@code SOCKET PORT
 * MEBIBYTES}.
 */
final class ServeMemory {
  private ServeMemory() {}

  public static void main(String[] arguments) throws IOException {
    MemoryExport memory = new MemoryExport("mem", Integer.parseInt(arguments[2]) << 20);
    try (NbdServer server =
        new NbdServer(Time.system(), NbdLimits.DEFAULT, new SimpleMeterRegistry())) {
      server.add(memory, WriteCache.DURABLE);
      System.out.println(server.listenUnix(Path.of(arguments[0]), "mem").uri("mem"));
      System.out.println(server.listenTcp("127.0.0.1:" + arguments[1], any -> true).uri("mem"));
      while (System.in.read() >= 0) {}
    }
  }
}
