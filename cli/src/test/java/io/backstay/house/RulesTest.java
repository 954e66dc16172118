package io.backstay.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/rules.md} says of each rule what carries it out and what proves it. The column of
 * tests is made from what tests cite: when it is stale, run this test with {@code
 * -Dbackstay.write=true}.
 */
class RulesTest {
  private static final Path DOCUMENT = House.root().resolve("docs/rules.md");

  /** Groups: all up to the column of tests, the rule, the code. */
  private static final Pattern ROW =
      Pattern.compile("(?m)^(\\| ([A-Z]\\d+) \\|[^|\\n]*\\|([^|\\n]*)\\|)[^|\\n]*\\|$");

  private static final Pattern NAME = Pattern.compile("`(\\w+)`");

  /** "rule K3", "rules L10, K5", "Rules K1 and K2", "rules L1 to L9". */
  private static final Pattern CITATION =
      Pattern.compile("\\b[Rr]ules? ([A-Z]\\d+(?:(?:,| and| to|, and| or) [A-Z]\\d+)*)");

  /** In the name of a test: "aLowerEpochChangesNothingRuleK2". */
  private static final Pattern CITATION_IN_NAME = Pattern.compile("Rule([A-Z]\\d+)");

  private static final Pattern NUMBER = Pattern.compile("[A-Z]\\d+");

  @Test
  void everyRuleThatTheSourcesCiteHasOneRow() throws IOException {
    Set<String> cited = new TreeSet<>();
    House.sources("main").values().forEach(text -> cited.addAll(citations(text)));
    House.sources("test").values().forEach(text -> cited.addAll(citations(text)));
    assertThat(rows().map(row -> row.group(2)).toList()).doesNotHaveDuplicates().containsAll(cited);
  }

  @Test
  void everyNamedPieceOfCodeExists() throws IOException {
    Set<String> known = textsByName("main").keySet();
    rows()
        .forEach(row ->
            assertThat(NAME.matcher(row.group(3)).results().map(name -> name.group(1)))
                .as("code of " + row.group(2))
                .allMatch(known::contains));
  }

  @Test
  void theColumnOfTestsNamesExactlyTheTestsThatCiteTheRule() throws IOException {
    Map<String, Set<String>> tests = testsByRule();
    String made =
        ROW.matcher(Files.readString(DOCUMENT))
            .replaceAll(row ->
                Matcher.quoteReplacement(
                    "%s %s |".formatted(row.group(1), cell(tests.get(row.group(2))))));
    if (Boolean.getBoolean("backstay.write")) Files.writeString(DOCUMENT, made);
    assertThat(Files.readString(DOCUMENT))
        .as("stale; -Dbackstay.write=true makes it anew")
        .isEqualTo(made);
  }

  @Test
  void citationsAreFoundAcrossLinesInListsAndInNames() {
    assertThat(citations("/** As in rules K1,\n   * L10 and X8: no. */ // rule\n // F2"))
        .containsExactlyInAnyOrder("K1", "L10", "X8", "F2");
    assertThat(citations("void itGoesOnRuleK3() {")).containsExactly("K3");
  }

  private static String cell(Set<String> tests) {
    if (tests == null) return "none yet";
    return tests.stream().map(test -> "`" + test + "`").collect(Collectors.joining(" "));
  }

  private static Map<String, Set<String>> testsByRule() {
    Map<String, Set<String>> tests = new TreeMap<>();
    textsByName("test")
        .forEach((name, text) -> {
          boolean isTest = name.endsWith("Test") || name.endsWith("Contract");
          if (!isTest || name.equals(RulesTest.class.getSimpleName())) return;
          for (String rule : citations(text)) {
            tests.computeIfAbsent(rule, r -> new TreeSet<>()).add(name);
          }
        });
    return tests;
  }

  private static Set<String> citations(String source) {
    String joined = source.replaceAll("\\n\\s*(?:\\*|//)\\s*", " ");
    Set<String> rules = new TreeSet<>();
    for (Matcher citation = CITATION.matcher(joined); citation.find(); ) {
      for (Matcher number = NUMBER.matcher(citation.group(1)); number.find(); ) {
        rules.add(number.group());
      }
    }
    for (Matcher name = CITATION_IN_NAME.matcher(source); name.find(); ) rules.add(name.group(1));
    return rules;
  }

  private static Stream<MatchResult> rows() throws IOException {
    return ROW.matcher(Files.readString(DOCUMENT)).results();
  }

  private static Map<String, String> textsByName(String part) {
    Map<String, String> texts = new TreeMap<>();
    House.sources(part)
        .forEach((path, text) -> {
          String file = Path.of(path).getFileName().toString();
          texts.merge(file.replace(".java", ""), text, String::concat);
        });
    return texts;
  }
}
