package io.backstay.activity;

import io.backstay.model.OperationReport;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.WorkResult;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCanceledException;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.time.Instant;

/** Carries out {@link OperationActivities} through the servers. */
public final class Operations implements OperationActivities {
  /** A server is asked how far it is after a part of the time that it took already. */
  private static final int POLL_PART = 100;

  private static final Duration POLL_SOONEST = Duration.ofMillis(50);
  private static final Duration POLL_LATEST = Duration.ofSeconds(1);

  /** As long as an archive holds by itself for a parked operation (rule X10). */
  static final Duration HOLD_FOR = Duration.ofHours(24);

  static final Duration HOLD_RENEWED_EVERY = Duration.ofMinutes(10);

  private final ServerCalls calls;
  private final Time time;
  private final Alarms alarms;

  public Operations(ServerCalls calls, Time time, Alarms alarms) {
    this.calls = calls;
    this.time = time;
    this.alarms = alarms;
  }

  @Override
  public WorkResult carryOut(Order order) {
    ActivityExecutionContext context = Activity.getExecutionContext();
    Watcher watcher = new Watcher(order, context);
    try {
      return watcher.untilOver();
    } catch (ActivityCanceledException e) {
      throw TemporalAway.or(
          e,
          "%s goes on at %s and is attached to again".formatted(order.operation(), order.server()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Activity.wrap(e);
    }
  }

  /** One attempt at watching one operation. */
  private final class Watcher {
    private final Order order;
    private final ActivityExecutionContext context;
    private Progress progress;
    private final long begunNanos = time.nanos();
    private Instant heldAt = Instant.MIN;
    private boolean attached;

    Watcher(Order order, ActivityExecutionContext context) {
      this.order = order;
      this.context = context;
      Instant scheduled = Instant.ofEpochMilli(context.getInfo().getScheduledTimestamp());
      this.progress =
          context
              .getHeartbeatDetails(Progress.class)
              .orElseGet(() -> Progress.none(order, scheduled));
    }

    WorkResult untilOver() throws InterruptedException {
      while (true) {
        OperationReport report = look();
        progress = progress.seen(report);
        switch (report.state()) {
          case DONE -> {
            raiseOrEndAlarm(false);
            return report.result().orElseThrow();
          }
          case REFUSED ->
              throw ServerCalls.failure(new Reply.Refused(report.refusal().orElseThrow()));
          case CANCELLED -> throw RefusalFailure.of(cancelledElsewhere(order));
          case RUNNING, PARKED -> beat();
        }
        time.sleep(pollAfter(Duration.ofNanos(time.nanos() - begunNanos)));
      }
    }

    /** Asks how far it is; starts or attaches first, and again when the server knows of nothing. */
    private OperationReport look() {
      try {
        renewHold();
        Command command =
            attached ? new Command.Watch(order.operation(), order.volume()) : order.start();
        Reply reply = calls.asked(order.server(), command);
        if (attached && isUnknown(reply)) reply = calls.asked(order.server(), order.start());
        if (!(reply instanceof Reply.Operation found)) throw ServerCalls.unexpected(order, reply);
        attached = found.report().state() != OperationReport.State.PARKED;
        return found.report();
      } catch (ApplicationFailure e) {
        if (e.isNonRetryable()) throw e;
        progress = progress.failing(time.now());
        beat(); // so that the next attempt knows since when it waits
        throw e;
      }
    }

    private static boolean isUnknown(Reply reply) {
      return reply instanceof Reply.Refused refused
          && refused.refusal().code() == RefusalCode.UNKNOWN_OPERATION;
    }

    private void renewHold() {
      if (order.heldGid().isEmpty()) return;
      Instant now = time.now();
      if (heldAt.isAfter(now.minus(HOLD_RENEWED_EVERY))) return;
      takeHold(order);
      heldAt = now;
    }

    private void beat() {
      raiseOrEndAlarm(Alarms.isStalled(progress.lastProgress(), time.now()));
      context.heartbeat(progress);
    }

    private void raiseOrEndAlarm(boolean stalled) {
      if (stalled == progress.alarmed()) return;
      progress = progress.withAlarm(stalled);
      alarms.tell(context, order, progress);
    }
  }

  private static Refusal cancelledElsewhere(Order order) {
    return Refusal.of(RefusalCode.CANCELLED, "the operation was cancelled at its server")
        .attempted("%s of %s".formatted(order.work().kind().word(), order.volume()))
        .found("%s at %s is cancelled".formatted(order.operation(), order.server()))
        .next("start a new run; what is durable is adopted");
  }

  /** Short work is seen to end at once, long work costs few questions. */
  static Duration pollAfter(Duration taken) {
    Duration part = taken.dividedBy(POLL_PART);
    if (part.compareTo(POLL_SOONEST) < 0) return POLL_SOONEST;
    return part.compareTo(POLL_LATEST) > 0 ? POLL_LATEST : part;
  }

  @Override
  public void cancel(Order order) {
    long begunNanos = time.nanos();
    Reply reply =
        calls.asked(order.server(), new Command.Cancel(order.operation(), order.volume()));
    while (reply instanceof Reply.Operation found && found.report().running()) {
      sleep(pollAfter(Duration.ofNanos(time.nanos() - begunNanos)));
      reply = calls.asked(order.server(), new Command.Watch(order.operation(), order.volume()));
    }
    boolean over =
        reply instanceof Reply.Operation
            || (reply instanceof Reply.Refused refused && isGone(refused.refusal().code()));
    if (!over) throw ServerCalls.unexpected(order, reply);
  }

  /** Never started, or over under a newer epoch: there is nothing to stop. */
  private static boolean isGone(RefusalCode code) {
    return code == RefusalCode.UNKNOWN_OPERATION
        || code == RefusalCode.UNKNOWN_VOLUME
        || code.advice() == RefusalCode.Advice.FENCED;
  }

  private void sleep(Duration duration) {
    try {
      time.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Activity.wrap(e);
    }
  }

  @Override
  public void takeHold(Order order) {
    calls.ask(
        order.server(),
        new Command.TakeHold(
            order.operation(), order.volume(), order.heldGid().orElseThrow(), HOLD_FOR),
        Reply.Done.class);
  }

  @Override
  public void releaseHold(Order order) {
    calls.ask(
        order.server(),
        new Command.ReleaseHold(order.operation(), order.volume()),
        Reply.Done.class);
  }
}
