package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Whether two files hold the same bytes. */
interface Equality {
  Equality UNCHECKED = (name, expected, found) -> {};

  void check(String name, Path expected, Path found)
      throws BenchException, IOException, InterruptedException;

  static Equality byCmp(Meter meter) {
    return (name, expected, found) ->
        meter.run(
            "comparing the result of " + name,
            List.of("cmp", expected.toString(), found.toString()),
            Map.of());
  }
}
