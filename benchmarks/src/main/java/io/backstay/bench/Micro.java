package io.backstay.bench;

import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** The JMH benchmarks, each next to the package whose inner loop it runs. */
final class Micro {
  private Micro() {}

  static int run() throws BenchException {
    try {
      new Runner(new OptionsBuilder().include("io\\.backstay\\..*Benchmark").build()).run();
      return 0;
    } catch (RunnerException e) {
      throw new BenchException("JMH: " + e.getMessage());
    }
  }
}
