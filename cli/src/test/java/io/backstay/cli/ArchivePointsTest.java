package io.backstay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.MemoryServers;
import io.backstay.activity.QuickTime;
import io.backstay.model.Point;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.wire.Cbor;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The points of a volume, more than fit into one answer. */
class ArchivePointsTest {
  private final MemoryServers servers = new MemoryServers(new QuickTime());

  @BeforeEach
  void protect() {
    servers.protectLogged("log0", 10);
  }

  private ArchivePoints points(String archive) throws Exception {
    ProtectionRecord record = servers.catalog().volumes().get("log0");
    return ArchivePoints.of(servers, record, archive);
  }

  @Test
  void allPagesAreRead() throws Exception {
    List<Point> all = points(null).all();
    assertThat(all).extracting(Point::gid).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
    assertThat(servers.journal()).hasSizeGreaterThan(1).containsOnly("a0 ListPoints");
    assertThat(Schema.of("point-list").misfits(Cbor.json().valueToTree(all))).isEmpty();
  }

  @Test
  void ofTheNewestOnlyThoseAreAskedFor() throws Exception {
    assertThat(points(null).newest(2)).extracting(Point::gid).containsExactly(8L, 9L);
    assertThat(servers.journal()).hasSize(1);
  }

  @Test
  void aGlanceIsOneAnswerAndTellsHowManyThereAre() throws Exception {
    ArchivePoints.Newest glance = points(null).glance(2);
    assertThat(glance.points()).extracting(Point::gid).containsExactly(8L, 9L);
    assertThat(glance.count()).contains(10);
    assertThat(servers.journal()).hasSize(1);
  }

  @Test
  void moreThanFitIntoAnAnswerAreReadPageByPage() throws Exception {
    assertThat(points(null).newest(5000)).hasSize(10);
  }

  @Test
  void theTableSaysWhatSomebodyAskedFor() throws Exception {
    List<String> lines = PointCommands.table(points(null).all()).lines().toList();
    assertThat(lines.get(0)).matches("GID +TIME +LABEL +EXPLICIT +CLEAN +SIZE +STORED +PROOF");
    assertThat(lines.get(1)).matches("0 +\\S+Z +- +no +yes .*frozen");
    assertThat(lines.get(2)).matches("1 +\\S+Z +- +yes +yes .*frozen");
  }

  @Test
  void onlyAnArchiveOfTheVolumeIsAsked() {
    assertThatThrownBy(() -> points("a7"))
        .asInstanceOf(type(RefusedException.class))
        .satisfies(e -> assertThat(e.refusal().code()).isEqualTo(RefusalCode.UNKNOWN_SERVER));
  }
}
