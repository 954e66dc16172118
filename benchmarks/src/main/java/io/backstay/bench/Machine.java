package io.backstay.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What the numbers were taken on, without the names of anything. */
record Machine(
    int processors,
    String processor,
    long memoryBytes,
    String kernel,
    String fileSystem,
    double load) {
  static Machine of(Path directory) throws IOException {
    return new Machine(
        Runtime.getRuntime().availableProcessors(),
        value("/proc/cpuinfo", "model name"),
        Long.parseLong(value("/proc/meminfo", "MemTotal").split(" ")[0]) << 10,
        System.getProperty("os.version"),
        Files.getFileStore(directory).type(),
        Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]));
  }

  private static String value(String file, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of(file))) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return line.substring(colon + 1).strip();
      }
    }
    return "0 unknown";
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%d x %s, %s of memory, Linux %s, %s, load %.2f before the first run",
        processors,
        processor,
        Quantities.text(memoryBytes),
        kernel,
        fileSystem,
        load);
  }
}
