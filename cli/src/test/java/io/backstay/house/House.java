package io.backstay.house;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The tree as the house rules see it: the classes that ship, the sources, and the lists of
 * exceptions.
 */
final class House {
  static final List<String> MODULES =
      List.of("wire-protocol", "native", "role-servers", "activities", "workflows", "cli");

  /** In a reactor a module is seen as its directory of classes or as its jar. */
  private static final Pattern MODULE_OF_LOCATION =
      Pattern.compile("/([a-z-]+)/target/(?:classes/|app/backstay\\.jar|backstay-[^/]*\\.jar)");

  private static final class Shipped {
    static final JavaClasses CLASSES =
        new ClassFileImporter()
            .withImportOption(location ->
                !location.contains("/test-classes/") && !location.contains("-tests.jar"))
            .importPackages("io.backstay");
  }

  private House() {}

  /** Every class of the modules that ship; not their tests. */
  static JavaClasses classes() {
    return Shipped.CLASSES;
  }

  /** The module a class of ours lies in. */
  static String moduleOf(JavaClass type) {
    URI uri = type.getSource().orElseThrow().getUri();
    Matcher matcher = MODULE_OF_LOCATION.matcher(uri.toString());
    if (!matcher.find()) {
      throw new IllegalStateException("of which module is " + type.getName() + " at " + uri + "?");
    }
    return matcher.group(1);
  }

  /** The top-level class that encloses a type, since exceptions are given per source file. */
  static String fileOf(JavaClass type) {
    String name = type.getName();
    int nested = name.indexOf('$');
    return nested < 0 ? name : name.substring(0, nested);
  }

  static Path root() {
    String given = System.getProperty("backstay.root");
    Path at = Path.of(given == null ? "" : given).toAbsolutePath();
    while (at != null && !Files.isDirectory(at.resolve("wire-protocol"))) {
      at = at.getParent();
    }
    if (at == null) {
      throw new IllegalStateException("run inside the tree, or set -Dbackstay.root");
    }
    return at;
  }

  /** Every Java source below {@code src/PART} of every module, by path relative to the root. */
  static Map<String, String> sources(String part) {
    Map<String, String> sources = new TreeMap<>();
    try (Stream<Path> modules = Files.list(root())) {
      for (Path module : modules.filter(m -> Files.exists(m.resolve("pom.xml"))).toList()) {
        Path folder = module.resolve("src").resolve(part);
        if (Files.isDirectory(folder)) {
          readSources(folder, sources);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sources;
  }

  private static void readSources(Path folder, Map<String, String> into) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        into.put(root().relativize(file).toString(), Files.readString(file));
      }
    }
  }

  /** A list of exceptions: first word of each line to the rest of it; # starts a comment. */
  static Map<String, String> exceptions(String list) {
    Map<String, String> entries = new TreeMap<>();
    Path file = root().resolve("cli/src/test/resources/house").resolve(list);
    try {
      for (String line : Files.readAllLines(file)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          String[] parts = line.strip().split("\\s+", 2);
          entries.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return entries;
  }
}
