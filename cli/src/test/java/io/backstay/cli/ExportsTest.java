package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.model.Point;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.policy.ChosenPoint;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command.OpenExport;
import io.backstay.wire.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code export} asks archives, and what it makes of the answers. */
class ExportsTest {
  private static final List<String> ARCHIVES = List.of("a1", "a0");

  private final MemoryServers servers = new MemoryServers(new QuickTime());
  private final Exports exports = new Exports(servers);

  @BeforeEach
  void protect() {
    servers.protectLogged("log0", 4);
    servers.stop("a1");
  }

  private Exports.Opened open(long gid, String name, boolean writable) throws Exception {
    Point point = servers.points("log0").get((int) gid);
    ChosenPoint.Gap gap =
        new ChosenPoint.Gap(
            point.time().plusMillis(1500),
            Duration.ofMillis(1500),
            ChosenPoint.Evidence.NOTHING_WRITTEN);
    return exports.open(
        "a0",
        new ChosenPoint(point, Optional.of(gap)),
        new OpenExport("log0", gid, name, writable));
  }

  private static List<String> misfits(String schema, Object answer) {
    return Schema.of(schema).misfits(Cbor.json().valueToTree(answer));
  }

  /** Rule M4: it says the exact time and the gap. */
  @Test
  void whatIsOpenedIsToldWithItsPlaceItsTimeAndItsGap() throws Exception {
    Exports.Opened opened = open(2, Exports.nameOf("log0", 2, false), false);
    assertThat(opened.name()).isEqualTo("log0-2");
    assertThat(opened.nbdUri()).contains("nbd+unix:///log0-2?socket=/x");
    assertThat(opened.time()).isEqualTo(servers.points("log0").get(2).time());
    assertThat(opened.gapSeconds()).contains(1.5);
    assertThat(misfits("export", opened)).isEmpty();
  }

  @Test
  void theSameWishIsTheSameExportAndAnotherIsRefused() throws Exception {
    Exports.Opened first = open(2, "e", false);
    assertThat(open(2, "e", false)).isEqualTo(first);
    assertThatThrownBy(() -> open(2, "e", true))
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.ALREADY_EXISTS));
    assertThat(Exports.nameOf("log0", 2, true)).isNotEqualTo(Exports.nameOf("log0", 2, false));
  }

  @Test
  void thoseOfArchivesThatAnswerAreListedAndWhoDidNotIsNamed() throws Exception {
    open(2, "e", false);
    open(3, "f", true);
    Round<Reply.Exports> round = exports.ask(ARCHIVES, Optional.of("log0"));
    List<Exports.Open> open = Exports.all(round);
    assertThat(open).extracting(Exports.Open::name).containsExactly("e", "f");
    assertThat(open).extracting(Exports.Open::archive).containsOnly("a0");
    assertThat(round.notDone()).extracting(Round.NotDone::server).containsExactly("a1");
    assertThat(misfits("export-list", open)).isEmpty();
    assertThat(Exports.all(exports.ask(ARCHIVES, Optional.of("vol0")))).isEmpty();
  }

  @Test
  void anExportIsFoundByNameAndClosed() throws Exception {
    open(2, "e", false);
    exports.close(exports.find(ARCHIVES, "log0", "e"));
    assertThat(Exports.all(exports.ask(ARCHIVES, Optional.empty()))).isEmpty();
  }

  /** Only who asked everybody knows that there is none. */
  @Test
  void oneThatIsNotFoundMayBeAtTheArchiveThatDidNotAnswer() {
    assertRefused(List.of("a0"), RefusalCode.NOT_FOUND);
    assertRefused(ARCHIVES, RefusalCode.UNREACHABLE);
    servers.stop("a0");
    assertRefused(ARCHIVES, RefusalCode.UNREACHABLE);
  }

  private void assertRefused(List<String> archives, RefusalCode code) {
    assertThatThrownBy(() -> exports.find(archives, "log0", "e"))
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(code));
  }
}
