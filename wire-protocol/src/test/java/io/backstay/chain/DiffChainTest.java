package io.backstay.chain;

import static io.backstay.chain.Notation.diff;
import static io.backstay.chain.Notation.diffs;
import static io.backstay.chain.Notation.snap;
import static io.backstay.chain.Notation.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.backstay.chain.DiffChain.Relation;
import io.backstay.chain.Restorable.Standing;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tables of walb's algebra, row by row. */
class DiffChainTest {
  /** After a full backup from gid 0 to 5; each diff but two may be merged onto the one before. */
  private static final List<Diff> HISTORY =
      diffs("0-->1", "1-->2 M", "2-->5 M", "5-->6", "6-->7 M", "7-->8 M");

  @ParameterizedTest
  @CsvSource({
    "'|0,5|', 0-->1,         '|1,5|'",
    "'|0,5|', 0-->5,         '|5|'",
    "'|0,5|', 0-->6,         '|6|'",
    "'|4,5|', 4-->9,         '|9|'",
    "'|5|',   '|5|-->|6,9|', '|6,9|'",
    "'|6,9|', 6-->7,         '|7,9|'",
    "'|6,9|', 6-->10,        '|10|'",
    "'|3|',   3-->8 C,       '|8|'",
    "'|3,9|', 3-->8 C,       '|8,9|'",
    "'|1,5|', 0-->3,         '|3,5|'"
  })
  void aDiffLeadsFromASnapshotToThis(String from, String diff, String to) {
    assertThat(DiffChain.apply(snap(from), diff(diff))).isEqualTo(snap(to));
  }

  @ParameterizedTest
  @CsvSource({
    "'|0,5|', 1-->6,   TOO_NEW",
    "'|1,5|', 0-->1,   TOO_OLD",
    "'|4|',   3-->8 C, NOT_APPLICABLE"
  })
  void aDiffThatIsNotApplicableIsRefused(String from, String diff, Relation relation) {
    assertThat(DiffChain.relation(snap(from), diff(diff))).isEqualTo(relation);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DiffChain.apply(snap(from), diff(diff)))
        .withMessageContaining(relation.name());
  }

  @ParameterizedTest
  @CsvSource({
    "0-->1,           1-->2 M,           0-->2",
    "0-->1 M,         1-->2 M,           0-->2 M",
    "0-->3,           1-->5 M,           0-->5",
    "'|0,2|-->|3,7|', 3-->4 M,           '|0,2|-->|4,7|'",
    "'|0,2|-->|3,7|', 3-->9 M,           '|0,2|-->|9|'",
    "0-->3,           '|3|-->|4,8| M',   '|0|-->|4,8|'"
  })
  void twoDiffsMergeToThis(String earlier, String later, String merged) {
    assertThat(DiffChain.canMerge(diff(earlier), diff(later))).isTrue();
    assertThat(DiffChain.merge(diff(earlier), diff(later)))
        .isEqualTo(diff(merged, diff(later).time()));
  }

  @ParameterizedTest
  @CsvSource({
    "0-->1,   1-->2,     somebody asked for snapshot 1",
    "0-->1,   2-->3 M,   a gap",
    "0-->5,   1-->3 M,   no progress",
    "0-->5,   1-->5 M,   no progress",
    "1-->2,   0-->3 M,   it would begin before",
    "0-->3 C, 3-->4 M,   the first was compared",
    "0-->3,   3-->4 MC,  the second was compared"
  })
  void theseCannotBeMerged(String earlier, String later, String why) {
    assertThat(DiffChain.canMerge(diff(earlier), diff(later))).as(why).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DiffChain.merge(diff(earlier), diff(later)));
  }

  @Test
  void whatIsBetweenTheEndsOfADiffIsContainedInIt() {
    assertThat(DiffChain.contains(diff("0-->5"), diff("1-->5"))).isTrue();
    assertThat(DiffChain.contains(diff("0-->5"), diff("0-->5"))).isTrue();
    assertThat(DiffChain.contains(diff("1-->5"), diff("0-->3"))).isFalse();
    assertThat(DiffChain.contains(diff("0-->5"), diff("4-->6"))).isFalse();
  }

  @Test
  void theChainTakesWhatLeadsFurthestAndStopsAtAHole() {
    assertThat(
            DiffChain.chain(
                snap("|1|"), diffs("0-->1", "0-->3", "1-->2", "2-->4", "3-->4", "5-->6")))
        .containsExactly(diff("0-->3"), diff("3-->4"));
  }

  @Test
  void ofDiffsThatLeadEquallyFarTheShorterIsTaken() {
    assertThat(DiffChain.chain(snap("|1|"), diffs("0-->3", "1-->3")))
        .containsExactly(diff("1-->3"));
  }

  @Test
  void aComparedDiffIsTakenAtItsBeginOnly() {
    assertThat(DiffChain.chain(snap("|3|"), diffs("3-->8 C", "2-->5"))).hasSize(1);
    assertThat(DiffChain.chain(snap("|2|"), diffs("3-->8 C", "2-->5")))
        .containsExactly(diff("2-->5"));
  }

  @ParameterizedTest
  @CsvSource({"5, true", "6, true", "7, true", "8, true", "3, false", "4, false", "9, false"})
  void aGidIsReachedWhereAChainEndsThere(long gid, boolean reached) {
    assertThat(DiffChain.cleanChainUpTo(state("<|0,5|>"), HISTORY, gid).isPresent())
        .isEqualTo(reached);
  }

  @Test
  void aDirtyStateIsReachedButIsNoCleanOne() {
    assertThat(DiffChain.chainUpTo(snap("|0,5|"), HISTORY, 2)).isPresent();
    assertThat(DiffChain.cleanChainUpTo(state("<|0,5|>"), HISTORY, 2)).isEmpty();
  }

  @Test
  void aGidIsReachedAlsoWhereAMergedDiffLeadsBeyondIt() {
    assertThat(DiffChain.chainUpTo(snap("|5|"), diffs("5-->6", "6-->7 M", "5-->7"), 6))
        .hasValue(diffs("5-->6"));
  }

  @Test
  void theRestorableGidsAreThoseOfTheTable() {
    assertThat(restorable("<|0,5|>", HISTORY))
        .containsExactly("5 EXPLICIT", "6 PASSING", "7 PASSING", "8 EXPLICIT");
  }

  @Test
  void aGidThatIsAskedForBecomesExplicitByTheDiffBehindIt() {
    assertThat(
            restorable(
                "<|0,5|>", diffs("0-->1", "1-->2 M", "2-->5 M", "5-->6", "6-->7", "7-->8 M")))
        .containsExactly("5 EXPLICIT", "6 EXPLICIT", "7 PASSING", "8 EXPLICIT");
    assertThat(
            restorable(
                "<|0,5|>", diffs("0-->1", "1-->2 M", "2-->5 M", "5-->6 M", "6-->7", "7-->8 M")))
        .containsExactly("5 PASSING", "6 EXPLICIT", "7 PASSING", "8 EXPLICIT");
  }

  @Test
  void whileAnApplyIsNotDoneNothingBeforeItsEndIsRestorable() {
    assertThat(restorable("<|5|-->|7|>", HISTORY)).containsExactly("7 IMAGE", "8 EXPLICIT");
  }

  @Test
  void whileDiffsOfAnApplyAreMissingNothingIsRestorable() {
    assertThat(restorable("<|5|-->|7|>", diffs("5-->6"))).isEmpty();
  }

  @Test
  void aCleanImageIsRestorableByItself() {
    assertThat(restorable("<|8|>", HISTORY)).containsExactly("8 IMAGE");
    assertThat(restorable("<|8,9|>", HISTORY)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "'<|0,5|>',   6, 4",
    "<|5|>,        6, 1",
    "<|5|-->|7|>,  6, 2",
    "<|5|-->|7|>,  8, 3",
    "<|8|>,        8, 0"
  })
  void anApplyAppliesAtLeastWhatOneBeforeItBegan(String base, long gid, int diffs) {
    assertThat(DiffChain.toApply(state(base), HISTORY, gid)).hasSize(diffs);
  }

  @Test
  void whatAnApplyThatBeganNeedsIsKnown() {
    assertThat(DiffChain.toFinishApplying(state("<|5|-->|7|>"), HISTORY))
        .containsExactly(diff("5-->6"), diff("6-->7 M"));
    assertThat(DiffChain.toFinishApplying(state("<|5|>"), HISTORY)).isEmpty();
  }

  @Test
  void theFirstRunEndsBeforeAGidThatWasAskedFor() {
    assertThat(DiffChain.mergeableFrom(HISTORY, 0)).isEqualTo(HISTORY.subList(0, 3));
    assertThat(DiffChain.mergeableFrom(HISTORY, 3)).isEqualTo(HISTORY.subList(3, 6));
    assertThat(DiffChain.mergeableFrom(HISTORY, 8)).isEmpty();
  }

  @Test
  void aChainIsCutIntoRunsAtGidsThatWereAskedFor() {
    assertThat(DiffChain.mergeableRuns(HISTORY))
        .containsExactly(HISTORY.subList(0, 3), HISTORY.subList(3, 6));
    assertThat(DiffChain.mergeableRuns(List.of())).isEmpty();
  }

  @Test
  void whatEndsAtAGidOrBeforeMayBeErasedOnceTheImageIsThere() {
    assertThat(DiffChain.erasableBefore(HISTORY, 5)).isEqualTo(HISTORY.subList(0, 3));
  }

  @Test
  void whatAMergedDiffContainsMayBeErasedButNotItself() {
    List<Diff> all = diffs("0-->1", "1-->2 M", "0-->2", "2-->3 M");
    assertThat(DiffChain.erasableWithin(all, diff("0-->2")))
        .containsExactly(diff("0-->1"), diff("1-->2 M"));
  }

  @Test
  void whatIsOnNoWayIsNotNeeded() {
    assertThat(DiffChain.unneeded(snap("|1|"), diffs("0-->1", "1-->2", "1-->3", "4-->5")))
        .containsExactly(diff("0-->1"), diff("1-->2"), diff("4-->5"));
  }

  private static List<String> restorable(String base, List<Diff> diffs) {
    return DiffChain.restorable(state(base), Instant.EPOCH, diffs).stream()
        .map(point -> point.gid() + " " + point.standing())
        .toList();
  }

  @Test
  void aRestorableGidHasTheTimeOfTheDiffThatEndsThere() {
    assertThat(DiffChain.restorable(state("<|5|>"), Instant.EPOCH, HISTORY))
        .contains(new Restorable(5, Instant.EPOCH, Standing.IMAGE))
        .contains(new Restorable(7, diff("6-->7 M").time(), Standing.PASSING));
  }
}
