package io.backstay.workflow;

import io.backstay.activity.OperationActivities;
import io.backstay.activity.OperationActivities.Order;
import io.backstay.activity.PointActivities;
import io.backstay.activity.RefusalFailure;
import io.backstay.activity.ReservationActivities;
import io.backstay.model.OperationKind;
import io.backstay.model.ProtectionRecord;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import io.backstay.policy.Plan;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * The steps that runs are made of, the same in all of them: reserve and release (rule K2), plan
 * (rule F1), carry out an operation and stop it when the run is cancelled (rule K3). Used from
 * workflow code only.
 */
final class RunSteps {
  /** Attempts go on for good, ten seconds apart at most, and are seen in the web UI (rule K4). */
  private static final RetryOptions RETRY =
      RetryOptions.newBuilder()
          .setInitialInterval(Duration.ofSeconds(1))
          .setMaximumInterval(Duration.ofSeconds(10))
          .setBackoffCoefficient(2)
          .build();

  /**
   * A question and its answer, asked again after the time in which a dead worker's is given up. A
   * cancelled run waits for the end of what is under way, so that nothing is begun at a server
   * after it was told to stop.
   */
  private static final ActivityOptions SHORT =
      ActivityOptions.newBuilder()
          .setStartToCloseTimeout(Duration.ofSeconds(15))
          .setRetryOptions(RETRY)
          .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
          .build();

  /** Watching. No deadline: Temporal asks for one, so it is longer than any operation. */
  private static final ActivityOptions WATCH =
      ActivityOptions.newBuilder(SHORT)
          .setStartToCloseTimeout(Duration.ofDays(3650))
          .setHeartbeatTimeout(Duration.ofSeconds(10))
          .build();

  private final RunNotes notes;
  private RunInput input;

  RunSteps(OperationKind kind) {
    this.notes = new RunNotes(kind);
  }

  RunNotes notes() {
    return notes;
  }

  /** The input, which {@code temporal workflow start} without --input leaves out (rule F3). */
  <T extends RunInput> T begin(T given) {
    if (given == null) {
      throw RefusalFailure.of(
          Refusal.of(
                  RefusalCode.BAD_INPUT,
                  Workflow.getInfo().getWorkflowType() + " takes one JSON object, none was given")
              .next("give at least --input '{\"volume\":\"vol0\"}'"));
    }
    input = given;
    notes.begin(given);
    return given;
  }

  /** What destroys needs an operator's leave; the server checks it, this only asks early (K5). */
  void requireGrant(String grant) {
    if (grant != null) return;
    throw RefusalFailure.of(
        Refusal.of(RefusalCode.GRANT_REQUIRED, "%s destroys data".formatted(input.summary()))
            .attempted(input.summary())
            .found("no grant in the input")
            .next("use the backstay command, which signs one for you"));
  }

  /** Id of an operation of this run; a reset keeps it (rule K3). */
  private String operation(String step) {
    return originalRun() + "/" + step;
  }

  /** The run that this one stems from by resets, else itself. */
  String originalRun() {
    return Workflow.getInfo().getOriginalExecutionRunId();
  }

  /** One operation of this run at one server, under the run's reservation. */
  Order order(String server, String step, long epoch, Work work) {
    return new Order(server, operation(step), input.volume(), epoch, work, Optional.empty());
  }

  /** One operation of this run at one archive, with a hold instead of a reservation (rule X10). */
  Order orderHolding(String archive, String step, long gid, Work work) {
    return new Order(archive, operation(step), input.volume(), 0, work, Optional.of(gid));
  }

  String inputHash() {
    return input.inputHash();
  }

  /**
   * Reserves the volume, does the work and releases the volume however that ends. A run that lost
   * its reservation has nothing to release (rule K2).
   */
  <R> R reserved(LongFunction<R> work) {
    notes.at("reserving " + input.volume());
    var wish =
        new ReservationActivities.Wish(
            input.volume(),
            input.kindOfRun(),
            Workflow.getInfo().getWorkflowId(),
            originalRun(),
            input.inputHash());
    Reservation held = call(() -> reservations("reserve " + input.volume()).reserve(wish));
    notes.did("reserved %s with epoch %d".formatted(held.volume(), held.epoch()));
    R result;
    try {
      result = work.apply(held.epoch());
    } catch (TemporalFailure e) {
      if (!isSuperseded(e)) release(held);
      throw e;
    }
    release(held);
    return result;
  }

  private void release(Reservation held) {
    notes.at("releasing " + held.volume());
    detached(() -> {
      reservations("release " + held.volume()).release(held.volume(), held.epoch());
      return null;
    });
    notes.did("released " + held.volume());
  }

  /** Lets an activity decide, shows what it decided, and goes by that (rule F1). */
  <P extends Plan> P plan(Function<PlanActivities, P> choice) {
    notes.at("planning");
    P plan = call(() -> choice.apply(stub(PlanActivities.class, SHORT, "plan")));
    notes.planned(plan);
    if (plan.head().searchable()) {
      Workflow.upsertTypedSearchAttributes(
          Attributes.VOLUME.valueSet(plan.volume()), Attributes.SERVER.valueSet(plan.server()));
    }
    return plan;
  }

  /**
   * Carries an operation out. When the run is cancelled the server is told to stop, and only then:
   * the loss of a worker or of Temporal stops nothing (rule K3). A cancelled run goes no further
   * even if the operation was done before it could be stopped: Temporal keeps no result of it.
   */
  <T extends WorkResult> T carryOut(Order order, String doing, Class<T> type) {
    notes.at(doing, order);
    T result = type.cast(watched(order, doing));
    notes.did(doing);
    if (CancellationScope.current().isCancelRequested()) throw cancelled(doing);
    return result;
  }

  private WorkResult watched(Order order, String doing) {
    try {
      return stub(OperationActivities.class, WATCH, doing).carryOut(order);
    } catch (ActivityFailure e) {
      if (!endedByCancel(e)) throw unwrapped(e);
      stop(order, doing);
      throw cancelled(doing);
    }
  }

  private void stop(Order order, String doing) {
    notes.at("stopping: " + doing, order);
    detached(() -> {
      stub(OperationActivities.class, SHORT, "stop: " + doing).cancel(order);
      return null;
    });
  }

  /**
   * Waits until an archive can restore the point, and names it. A cancelled run waits no more; what
   * it waited for stays.
   */
  String untilRestorable(PointActivities.Awaited point) {
    String waiting =
        "waiting until %s can restore %s at gid %d"
            .formatted(String.join(" or ", point.archives()), point.volume(), point.gid());
    notes.at(waiting);
    String archive = call(() -> stub(PointActivities.class, WATCH, waiting).awaitPoint(point));
    notes.did("%s can restore %s at gid %d".formatted(archive, point.volume(), point.gid()));
    return archive;
  }

  private static CanceledFailure cancelled(String doing) {
    return new CanceledFailure("cancelled while " + doing);
  }

  /** Holds the order's point while the work goes on (rule X10). */
  <R> R holding(Order order, Supplier<R> work) {
    String point = "point %d of %s".formatted(order.heldGid().orElseThrow(), order.volume());
    notes.at("holding " + point);
    call(() -> {
      stub(OperationActivities.class, SHORT, "hold " + point).takeHold(order);
      return null;
    });
    notes.did("held " + point);
    R result;
    try {
      result = work.get();
    } catch (TemporalFailure e) {
      letGo(order, point);
      throw e;
    }
    letGo(order, point);
    return result;
  }

  private void letGo(Order order, String point) {
    notes.at("letting go of " + point);
    detached(() -> {
      stub(OperationActivities.class, SHORT, "let go of " + point).releaseHold(order);
      return null;
    });
  }

  /** The record as the catalog has it from now on, signed. */
  Signed writeRecord(long epoch, ProtectionRecord record) {
    String writing = "write the record of " + record.volume();
    notes().at(writing);
    return call(() -> reservations(writing).writeProtection(epoch, record));
  }

  ReservationActivities reservations(String summary) {
    return stub(ReservationActivities.class, SHORT, summary);
  }

  /** Calls an activity; its refusal is the run's own. */
  <R> R call(Supplier<R> activity) {
    try {
      return activity.get();
    } catch (ActivityFailure e) {
      throw endedByCancel(e) ? cancelled(notes.step()) : unwrapped(e);
    }
  }

  /** Goes on although the run was cancelled: what must be brought to an end. */
  <R> R detached(Supplier<R> work) {
    Object[] result = new Object[1];
    Workflow.newDetachedCancellationScope(() -> result[0] = call(work)).run();
    @SuppressWarnings("unchecked")
    R typed = (R) result[0];
    return typed;
  }

  /** Whether another run took the volume over: then nothing is undone (rule K2). */
  static boolean isSuperseded(TemporalFailure failure) {
    return failure instanceof ApplicationFailure refused
        && refused.getType().equals(RefusalCode.SUPERSEDED.word());
  }

  /** Whether the run was cancelled and the activity ended for no other reason than that. */
  private static boolean endedByCancel(ActivityFailure failure) {
    boolean refused =
        failure.getCause() instanceof ApplicationFailure application
            && application.isNonRetryable();
    return !refused && CancellationScope.current().isCancelRequested();
  }

  private static TemporalFailure unwrapped(ActivityFailure failure) {
    return failure.getCause() instanceof TemporalFailure cause ? cause : failure;
  }

  private static <T> T stub(Class<T> activities, ActivityOptions options, String summary) {
    return Workflow.newActivityStub(
        activities, ActivityOptions.newBuilder(options).setSummary(summary).build());
  }
}
