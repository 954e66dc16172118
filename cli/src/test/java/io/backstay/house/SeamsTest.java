package io.backstay.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.properties.HasName;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Time, randomness and threads come in through {@code io.backstay.seam.Time}: otherwise a seed
 * would not replay a simulation. The source files that may ask the machine itself stand, with their
 * reasons, in seam-exceptions.txt.
 */
class SeamsTest {
  /**
   * Methods (or constructors, "new") of one type, each of which asks the clock, chance or the
   * scheduler.
   */
  private static final Map<String, Set<String>> BANNED =
      Map.ofEntries(
          Map.entry(
              "java.lang.Thread",
              Set.of(
                  "sleep",
                  "start",
                  "startVirtualThread",
                  "ofVirtual",
                  "ofPlatform",
                  "new",
                  "onSpinWait")),
          Map.entry("java.lang.System", Set.of("nanoTime", "currentTimeMillis")),
          Map.entry("java.lang.Math", Set.of("random")),
          Map.entry("java.time.Instant", Set.of("now")),
          Map.entry("java.time.LocalDate", Set.of("now")),
          Map.entry("java.time.LocalTime", Set.of("now")),
          Map.entry("java.time.LocalDateTime", Set.of("now")),
          Map.entry("java.time.OffsetDateTime", Set.of("now")),
          Map.entry("java.time.ZonedDateTime", Set.of("now")),
          Map.entry("java.time.Clock", Set.of("systemUTC", "systemDefaultZone", "system")),
          Map.entry("java.util.Date", Set.of("new")),
          Map.entry("java.util.UUID", Set.of("randomUUID")),
          Map.entry("java.util.Random", Set.of("new")),
          Map.entry("java.util.Timer", Set.of("new")),
          Map.entry(
              "java.security.SecureRandom", Set.of("new", "getInstanceStrong", "getInstance")),
          Map.entry("java.util.concurrent.ThreadLocalRandom", Set.of("current")),
          Map.entry("java.util.concurrent.ForkJoinPool", Set.of("commonPool", "new")),
          Map.entry("java.util.concurrent.ThreadPoolExecutor", Set.of("new")),
          Map.entry("java.util.concurrent.ScheduledThreadPoolExecutor", Set.of("new")),
          Map.entry("java.util.concurrent.locks.LockSupport", Set.of("parkNanos", "parkUntil")));

  private static final Set<String> TIMED =
      Set.of("java.util.concurrent.TimeUnit", "java.time.Duration");

  @Test
  void onlyTheSeamsAskTheClockChanceAndTheScheduler() {
    Map<String, Set<String>> found = calls();
    found.keySet().removeAll(House.exceptions("seam-exceptions.txt").keySet());
    assertThat(found).isEmpty();
  }

  @Test
  void everyExceptionIsStillNeededAndSaysWhy() {
    Map<String, String> exceptions = House.exceptions("seam-exceptions.txt");
    assertThat(calls().keySet()).containsAll(exceptions.keySet());
    assertThat(exceptions.values()).allSatisfy(reason -> assertThat(reason).isNotBlank());
  }

  @Test
  void noStaticFieldCanChange() {
    List<String> changing =
        House.classes().stream()
            .flatMap(type -> type.getFields().stream())
            .filter(field -> field.getModifiers().contains(JavaModifier.STATIC))
            .filter(field -> !field.getModifiers().contains(JavaModifier.FINAL))
            .filter(field -> !field.getModifiers().contains(JavaModifier.SYNTHETIC))
            .map(HasName.AndFullName::getFullName)
            .sorted()
            .toList();
    assertThat(changing).isEmpty();
  }

  /** The banned calls of each source file. */
  private static Map<String, Set<String>> calls() {
    Map<String, Set<String>> found = new TreeMap<>();
    for (JavaClass type : House.classes()) {
      Set<String> banned = bannedCallsOf(type).collect(Collectors.toCollection(TreeSet::new));
      if (!banned.isEmpty()) {
        found.computeIfAbsent(House.fileOf(type), file -> new TreeSet<>()).addAll(banned);
      }
    }
    return found;
  }

  private static Stream<String> bannedCallsOf(JavaClass type) {
    return type.getCodeUnits().stream()
        .flatMap(SeamsTest::calledFrom)
        .filter(SeamsTest::banned)
        .map(target -> target.getOwner().getSimpleName() + "." + nameOf(target));
  }

  private static Stream<CodeUnitAccessTarget> calledFrom(JavaCodeUnit unit) {
    return Stream.concat(
        unit.getCallsFromSelf().stream().map(call -> call.getTarget()),
        unit.getCodeUnitReferencesFromSelf().stream().map(reference -> reference.getTarget()));
  }

  private static boolean banned(CodeUnitAccessTarget target) {
    String owner = target.getOwner().getName();
    return BANNED.getOrDefault(owner, Set.of()).contains(nameOf(target))
        || owner.equals("java.util.concurrent.Executors")
        || timedWait(target, owner)
        || asynchronous(target, owner);
  }

  /**
   * Any wait of the JDK that takes a duration: poll, offer, await, tryLock, get, join, waitFor ...
   */
  private static boolean timedWait(CodeUnitAccessTarget target, String owner) {
    if (owner.equals("java.lang.Object") || owner.equals("java.lang.Thread")) {
      return Set.of("wait", "join").contains(target.getName())
          && !target.getRawParameterTypes().isEmpty();
    }
    boolean waits = owner.startsWith("java.util.concurrent.") || owner.equals("java.lang.Process");
    boolean converts =
        owner.equals("java.util.concurrent.TimeUnit") && !target.getName().equals("sleep");
    return waits
        && !converts
        && (target.getName().equals("awaitNanos")
            || owner.equals("java.util.concurrent.TimeUnit")
            || target.getRawParameterTypes().stream()
                .anyMatch(type -> TIMED.contains(type.getName())));
  }

  /** CompletableFuture's own threads. */
  private static boolean asynchronous(CodeUnitAccessTarget target, String owner) {
    return owner.equals("java.util.concurrent.CompletableFuture")
        && (target.getName().endsWith("Async") || target.getName().equals("delayedExecutor"));
  }

  private static String nameOf(CodeUnitAccessTarget target) {
    return target.getName().equals("<init>") ? "new" : target.getName();
  }
}
