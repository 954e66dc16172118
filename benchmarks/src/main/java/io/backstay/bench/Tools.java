package io.backstay.bench;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The programs that are compared with, and those that make the image. */
final class Tools {
  /** Program to the Debian package that brings it. */
  private static final Map<String, String> PACKAGES =
      Map.ofEntries(
          Map.entry("dd", "coreutils"),
          Map.entry("cmp", "diffutils"),
          Map.entry("setsid", "util-linux"),
          Map.entry("mke2fs", "e2fsprogs"),
          Map.entry("nbdkit", "nbdkit"),
          Map.entry("nbdcopy", "libnbd-bin"),
          Map.entry("qemu-img", "qemu-utils"),
          Map.entry("restic", "restic"),
          Map.entry("fio", "fio"),
          Map.entry("nbdinfo", "libnbd-bin"),
          Map.entry("qemu-nbd", "qemu-utils"));

  private Tools() {}

  /**
   * @throws BenchException that names the packages to install
   */
  static void require() throws BenchException {
    TreeSet<String> missing = new TreeSet<>();
    TreeSet<String> packages = new TreeSet<>();
    for (String program : PACKAGES.keySet()) {
      if (isThere(program)) continue;
      missing.add(program);
      packages.add(PACKAGES.get(program));
    }
    if (missing.isEmpty()) return;
    throw new BenchException(
        "missing: %s. On Debian or Ubuntu: apt install %s"
            .formatted(String.join(", ", missing), String.join(" ", packages)));
  }

  private static boolean isThere(String program) {
    String path =
        System.getenv("PATH") + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
    return Stream.of(path.split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
