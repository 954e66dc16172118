package io.backstay.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Names say a subject. */
class NamesTest {
  private static final Pattern VAGUE_PACKAGE =
      Pattern.compile(".*\\.(utils?|common|impl|helpers?|misc)(\\..*)?");
  private static final Pattern VAGUE_TYPE =
      Pattern.compile(".*(Manager|Helper|Utils?|Impl|Base|Info|Data)");

  /**
   * A path of one machine: tests take theirs from JUnit. Split, so that this file does not hold
   * one.
   */
  private static final Pattern LOCAL_PATH =
      Pattern.compile("\"/(" + "tmp|home|root|Users|var/tmp" + ")(/|\")");

  @Test
  void noPackageIsNamedAfterNothing() {
    assertThat(House.classes().stream().map(JavaClass::getPackageName).distinct())
        .noneMatch(name -> VAGUE_PACKAGE.matcher(name).matches());
  }

  @Test
  void noTypeIsNamedAfterNothing() {
    assertThat(
            House.classes().stream()
                .filter(type -> VAGUE_TYPE.matcher(type.getSimpleName()).matches())
                .map(JavaClass::getName))
        .isEmpty();
  }

  @Test
  void noTestNamesAPathOfOneMachine() {
    List<String> offenders =
        House.sources("test").entrySet().stream()
            .filter(source -> LOCAL_PATH.matcher(source.getValue()).find())
            .map(Map.Entry::getKey)
            .toList();
    assertThat(offenders).isEmpty();
  }
}
