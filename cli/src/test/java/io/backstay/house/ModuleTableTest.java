package io.backstay.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Who may use whom: the table of docs/architecture.md. */
class ModuleTableTest {
  private static final Map<String, List<String>> OWN =
      Map.of(
          "wire-protocol", List.of(),
          "native", List.of("wire-protocol"),
          "role-servers", List.of("native", "wire-protocol"),
          "activities", List.of("wire-protocol"),
          "workflows", List.of("activities", "wire-protocol"),
          "cli", List.of("workflows", "activities", "role-servers", "native", "wire-protocol"));

  private static final List<String> TEMPORAL =
      List.of("io.temporal.", "io.grpc.", "com.google.protobuf.", "com.uber.m3.");

  /** Packages from outside the tree, beside java.*, that a module may name. */
  private static final Map<String, List<String>> FOREIGN =
      Map.of(
          "wire-protocol",
          List.of("com.fasterxml.jackson."),
          "native",
          List.of("com.sun.nio.file."),
          "role-servers",
          List.of(
              "io.netty.",
              "org.bouncycastle.",
              "net.openhft.hashing.",
              "org.xerial.snappy.",
              "com.github.luben.zstd.",
              "net.jpountz.lz4.",
              "org.tukaani.xz.",
              "io.micrometer.",
              "org.slf4j.",
              "com.fasterxml.jackson.",
              "com.sun.net.httpserver.",
              "javax.net.ssl.",
              "javax.security."),
          "activities",
          with(TEMPORAL, "org.slf4j.", "com.fasterxml.jackson.", "io.micrometer."),
          "workflows",
          with(TEMPORAL, "org.slf4j.", "com.fasterxml.jackson.", "io.micrometer."),
          "cli",
          with(
              TEMPORAL,
              "picocli.",
              "org.bouncycastle.",
              "io.micrometer.",
              "org.slf4j.",
              "ch.qos.logback.",
              "com.fasterxml.jackson.",
              "com.sun.net.httpserver.",
              "javax.net.ssl.",
              "javax.security."));

  @Test
  void everyModuleNamesOnlyWhatTheTableAllows() {
    TreeSet<String> violations =
        House.classes().stream()
            .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
            .flatMap(dependency -> violation(dependency).stream())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(violations).isEmpty();
  }

  @Test
  void everyModuleThatTheTableNamesIsSeen() {
    assertThat(House.MODULES).containsAll(OWN.keySet());
    assertThat(House.classes().stream().map(House::moduleOf)).contains("wire-protocol", "cli");
  }

  private static Optional<String> violation(Dependency dependency) {
    JavaClass origin = dependency.getOriginClass();
    JavaClass target = dependency.getTargetClass().getBaseComponentType();
    String module = House.moduleOf(origin);
    if (target.isPrimitive() || allowed(module, target)) {
      return Optional.empty();
    }
    return Optional.of(module + ": " + House.fileOf(origin) + " uses " + target.getName());
  }

  private static boolean allowed(String module, JavaClass target) {
    if (target.getName().startsWith("io.backstay.")) {
      String other = House.moduleOf(target);
      return other.equals(module) || OWN.get(module).contains(other);
    }
    return target.getName().startsWith("java.")
        || FOREIGN.get(module).stream().anyMatch(target.getName()::startsWith);
  }

  private static List<String> with(List<String> some, String... more) {
    return java.util.stream.Stream.concat(some.stream(), List.of(more).stream()).toList();
  }
}
