package io.backstay.activity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.backstay.activity.PointActivities.Awaited;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.wire.Cbor;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.RetryOptions;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One attempt at waiting for a point (rule K4). */
class PointsTest {
  private static final Optional<String> STORAGE = Optional.of("s0");
  private static final Instant FULL = Instant.parse("2026-11-21T07:59:00Z");
  private static final Awaited NEWEST = new Awaited("log0", 3, List.of("a1", "a0"), STORAGE);
  private static final Awaited COMING = new Awaited("log0", 4, List.of("a0"), STORAGE);

  private final QuickTime time = new QuickTime();
  private final MemoryServers servers = new MemoryServers(time);
  private final Queue<Progress> beats = new ConcurrentLinkedQueue<>();
  private final TestActivityEnvironment temporal =
      TestActivityEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(
                          DefaultDataConverter.newDefaultInstance()
                              .withPayloadConverterOverrides(
                                  new JacksonJsonPayloadConverter(Cbor.json())))
                      .build())
              .build());
  private PointActivities points;

  @BeforeEach
  void register() {
    servers.protectLogged("log0", 4);
    temporal.registerActivitiesImplementations(new Points(new ServerCalls(servers), time));
    temporal.setActivityHeartbeatListener(Progress.class, beats::add);
    points =
        temporal.newActivityStub(
            PointActivities.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofMinutes(1))
                .setHeartbeatTimeout(Duration.ofSeconds(10))
                .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
                .build());
  }

  @AfterEach
  void close() {
    temporal.close();
  }

  private ApplicationFailure failure(Awaited point) {
    try {
      throw new AssertionError("it did not fail: " + points.awaitPoint(point));
    } catch (ActivityFailure e) {
      return (ApplicationFailure) e.getCause();
    }
  }

  @Test
  void aPointThatIsThereIsFoundAtOnce() {
    servers.stop("a1");
    assertThat(points.awaitPoint(NEWEST)).isEqualTo("a0");
    assertThat(servers.journal()).containsExactly("a0 ListPoints");
  }

  /** As long as one archive answers there is nothing to try again. */
  @Test
  void anArchiveThatIsAwayDoesNotEndTheAttemptWhileAnotherAnswers() {
    servers.stop("a1");
    servers.interrupt(
        (call, _, _) -> {
          if (call == 6) servers.protectLogged("log0", 1); // gid 4
        },
        (_, _, _) -> {});
    assertThat(points.awaitPoint(new Awaited("log0", 4, List.of("a1", "a0"), STORAGE)))
        .isEqualTo("a0");
    assertThat(beats)
        .isNotEmpty()
        .allSatisfy(beat -> assertThat(beat.waiting()).isEqualTo("a1 or a0 to have gid 4 of log0"));
  }

  @Test
  void archivesThatAreAllAwayEndTheAttemptForTemporalToRetry() {
    servers.stop("a0");
    ApplicationFailure failure = failure(COMING);
    assertThat(failure.isNonRetryable()).isFalse();
    assertThat(failure.getType()).isEqualTo("unreachable");
    assertThat(beats).last().satisfies(beat -> assertThat(beat.failingSince()).isNotNull());
  }

  @Test
  void aRefusalOfTheOnlyArchiveIsFinalUnlessItMayPass() {
    servers.refuse((_, _) -> true, Refusal.of(RefusalCode.UNKNOWN_VOLUME, "no log0 here"));
    assertThat(failure(COMING).isNonRetryable()).isTrue();
    servers.refuse((_, _) -> true, Refusal.of(RefusalCode.STARTING, "not yet"));
    assertThat(failure(COMING))
        .asInstanceOf(type(ApplicationFailure.class))
        .satisfies(failure -> assertThat(failure.isNonRetryable()).isFalse());
  }

  /** An archive that never heard of the volume is no reason to give up the other one. */
  @Test
  void ofSeveralFailuresThatIsToldThatMayPass() {
    servers.stop("a0");
    servers.refuse(
        (server, command) -> server.equals("a1") && command instanceof Command.ListPoints,
        Refusal.of(RefusalCode.UNKNOWN_VOLUME, "no log0 here"));
    assertThat(failure(new Awaited("log0", 4, List.of("a1", "a0"), STORAGE)).getType())
        .isEqualTo("unreachable");
  }

  private static Reply.SpoolFacts spool(int diffs, Optional<Integer> taking) {
    var delivery =
        new Reply.Delivery("a0", diffs, 10, Optional.of(FULL), Optional.empty(), Optional.empty());
    return new Reply.SpoolFacts(diffs, 10, Optional.of(3L), 0, List.of(delivery), taking);
  }

  /** Rule L6. */
  @Test
  void aPointWhoseLogWasGivenUpIsWaitedForNoLonger() {
    servers.giveUpLog("log0", 700, FULL);
    ApplicationFailure failure = failure(COMING);
    assertThat(failure.isNonRetryable()).isTrue();
    assertThat(failure.getType()).isEqualTo("never-restorable");
    assertThat(RefusalFailure.refusal(failure))
        .contains(
            Refusal.of(RefusalCode.NEVER_RESTORABLE, "gid 4 of log0 can never become restorable")
                .attempted("wait until a0 can restore it")
                .found(
                    "the log from lsid 700 on was given up at 2026-11-21T07:59:00Z, when it was full, and no proxy has anything of it")
                .next("backstay backup full log0"));
  }

  /** Rule M2. */
  @Test
  void aPointOfASessionThatIsOverIsWaitedForNoLonger() {
    servers.beginSession("log0", 2, 9);
    assertThat(failure(COMING).getMessage())
        .contains("the log of its session was given up, session 2 began with gid 9");
  }

  /** Rule X1: the proxy's disk was lost, with the only copy of that log. */
  @Test
  void aPointWhoseLogWentWithAProxyIsWaitedForNoLonger() {
    servers.letGoOfLog("log0", 4);
    servers.spool("log0", spool(0, Optional.of(1)));
    assertThat(failure(COMING).getMessage())
        .contains("the log up to gid 4 was sent and let go of, and no proxy has anything of it");
  }

  /** Each of these may still bring it; the last look finds it. */
  @ParameterizedTest
  @MethodSource("stillComing")
  void aPointThatMayStillComeIsWaitedFor(Consumer<MemoryServers> how) {
    how.accept(servers);
    AtomicInteger asked = new AtomicInteger();
    servers.interrupt(
        (_, server, command) -> {
          boolean storage = server.equals("s0") && command instanceof Command.ListVolumes;
          if (storage && asked.incrementAndGet() == 3) servers.protectLogged("log0", 1); // gid 4
        },
        (_, _, _) -> {});
    assertThat(points.awaitPoint(COMING)).isEqualTo("a0");
  }

  static List<Consumer<MemoryServers>> stillComing() {
    Consumer<MemoryServers> givenUp = servers -> servers.giveUpLog("log0", 700, FULL);
    Consumer<MemoryServers> letGo = servers -> servers.letGoOfLog("log0", 4);
    return List.of(
        servers -> servers.letGoOfLog("log0", 3),
        letGo.andThen(servers -> servers.chain("log0", true)),
        letGo.andThen(servers -> servers.chain("log0", null)),
        letGo.andThen(servers -> servers.spool("log0", spool(1, Optional.of(1)))),
        letGo.andThen(servers -> servers.stop("p0")),
        servers -> servers.beginSession("log0", 1, 4),
        givenUp.andThen(servers -> servers.spool("log0", spool(1, Optional.empty()))),
        givenUp.andThen(servers -> servers.spool("log0", spool(0, Optional.of(1)))),
        givenUp.andThen(servers -> servers.stop("p0")));
  }

  /** What comes while the proxies are asked is found: the archives are asked last. */
  @Test
  void aPointThatArrivesWhileItsLogIsLookedForIsFound() {
    servers.giveUpLog("log0", 700, FULL);
    servers.interrupt(
        (_, _, _) -> {},
        (_, server, command) -> {
          if (server.equals("p0") && command instanceof Command.ListVolumes)
            servers.protectLogged("log0", 1); // gid 4
        });
    assertThat(points.awaitPoint(COMING)).isEqualTo("a0");
  }
}
