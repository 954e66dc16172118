package io.backstay.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortsTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void portsAreAdjacentAndBelowTheRangeOfOutgoingConnections(long seed) throws Exception {
    List<Integer> ports = choose(new Random(seed), port -> true);
    assertThat(ports).as("rule K8, seed=%d", seed).hasSize(13).isSorted().doesNotHaveDuplicates();
    assertThat(ports.getFirst()).isGreaterThanOrEqualTo(Ports.FIRST);
    assertThat(ports.getLast()).isEqualTo(ports.getFirst() + 12).isLessThan(32_768);
  }

  @Test
  void aBlockWithATakenPortIsPassedOver() throws Exception {
    int taken = choose(new Random(1), port -> true).get(5);
    List<Integer> ports = choose(new Random(1), port -> port != taken);
    assertThat(ports).doesNotContain(taken);
  }

  /** Rule K8. */
  @Test
  void twoThatChooseAtTheSameTimeGetDifferentPorts() throws Exception {
    try (Ports one = Ports.choose(13, new Random(1), port -> true);
        Ports two = Ports.choose(13, new Random(1), port -> true)) {
      assertThat(two.list()).doesNotContainAnyElementsOf(one.list());
    }
  }

  private static List<Integer> choose(Random random, IntPredicate free) throws IOException {
    try (Ports ports = Ports.choose(13, random, free)) {
      return ports.list();
    }
  }

  @Test
  void whereNothingIsFreeTheSearchEnds() {
    assertThatThrownBy(() -> Ports.choose(3, new Random(1), port -> false))
        .hasMessageContaining("found none");
  }

  @Test
  void aPortThatSomebodyListensAtIsNotFree() throws Exception {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      assertThat(Ports.free(socket.getLocalPort())).isFalse();
    }
  }
}
