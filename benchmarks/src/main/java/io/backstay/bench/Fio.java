package io.backstay.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * fio as a client of a volume over NBD.
 *
 * @param uri where it is served
 */
record Fio(String uri, long sizeBytes, Meter meter) {
  private static final List<String> CLIENT =
      List.of("fio", "--name=x", "--ioengine=nbd", "--thread", "--output-format=json");

  /** All of the volume, once, in its order. */
  static final List<String> FILL = List.of("--rw=write", "--bs=1m", "--iodepth=4");

  /** Likewise, read. */
  static final List<String> READ_ALL = List.of("--rw=read", "--bs=1m", "--iodepth=4");

  /** Writes of 4 to 32 KiB all over it. */
  static final List<String> RANDOM_WRITES =
      List.of("--rw=randwrite", "--bsrange=4k-32k", "--iodepth=16");

  /** What fio says of its one job, or of the group of its jobs. */
  JsonNode run(List<String> how) throws BenchException, IOException, InterruptedException {
    List<String> command = new ArrayList<>(CLIENT);
    command.addAll(List.of("--uri=" + uri, "--size=" + sizeBytes));
    command.addAll(how);
    String out = meter.run("fio", command, Map.of()).standardOutput();
    return Cbor.json().readTree(out.substring(out.indexOf('{'))).path("jobs").path(0);
  }
}
