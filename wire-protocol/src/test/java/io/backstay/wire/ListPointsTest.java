package io.backstay.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Point;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** How the points of a volume are read that do not fit into one answer. */
class ListPointsTest {
  private static final Command.ListPoints ALL = new Command.ListPoints("vol0");

  private static List<Point> points(long... gids) {
    return LongStream.of(gids)
        .mapToObj(
            gid -> new Point(gid, Instant.EPOCH, Optional.empty(), true, 1, 1, Point.Proof.FROZEN))
        .toList();
  }

  @Test
  void theNextPageBeginsBehindTheLastPoint() {
    assertThat(ALL.next(new Reply.Points(points(3, 7), true)))
        .contains(new Command.ListPoints("vol0", 8L, 0));
    assertThat(ALL.next(new Reply.Points(points(3, 7), false))).isEmpty();
  }

  @Test
  void anAnswerWithoutPointsIsTheLast() {
    assertThat(ALL.next(new Reply.Points(List.of(), true))).isEmpty();
  }

  /** Or it would be asked without end. */
  @Test
  void anAnswerThatDoesNotGoOnIsADefect() {
    Command.ListPoints rest = new Command.ListPoints("vol0", 8L, 0);
    assertThatThrownBy(() -> rest.next(new Reply.Points(points(3, 7), true)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("points from gid 8 on were asked for, up to 7 they came");
  }
}
