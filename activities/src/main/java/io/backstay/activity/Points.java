package io.backstay.activity;

import io.backstay.model.Refusal;
import io.backstay.seam.Time;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCanceledException;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Carries out {@link PointActivities} through the archives. */
public final class Points implements PointActivities {
  /** How often it is found out whether the point can come at all. */
  private static final Duration LOST_EVERY = Duration.ofSeconds(10);

  private final ServerCalls calls;
  private final Time time;

  public Points(ServerCalls calls, Time time) {
    this.calls = calls;
    this.time = time;
  }

  @Override
  public String awaitPoint(Awaited point) {
    Watcher watcher = new Watcher(point, Activity.getExecutionContext());
    try {
      return watcher.untilRestorable();
    } catch (ActivityCanceledException e) {
      throw TemporalAway.or(
          e, "gid %d of %s is asked for again".formatted(point.gid(), point.volume()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Activity.wrap(e);
    }
  }

  /** One attempt at waiting for one point. */
  private final class Watcher {
    private final Awaited point;
    private final ActivityExecutionContext context;
    private final long begunNanos = time.nanos();
    private Progress progress;
    private long lookedNanos = begunNanos;

    Watcher(Awaited point, ActivityExecutionContext context) {
      this.point = point;
      this.context = context;
      Instant scheduled = Instant.ofEpochMilli(context.getInfo().getScheduledTimestamp());
      this.progress =
          context
              .getHeartbeatDetails(Progress.class)
              .orElseGet(() -> Progress.waiting(waiting(point), scheduled));
    }

    String untilRestorable() throws InterruptedException {
      while (true) {
        Optional<String> archive = look();
        if (archive.isPresent()) return archive.get();
        Optional<String> late = unlessLost();
        if (late.isPresent()) return late.get();
        context.heartbeat(progress);
        time.sleep(Operations.pollAfter(Duration.ofNanos(time.nanos() - begunNanos)));
      }
    }

    /** Evidence first, then the archives once more: nothing comes between (see LostLog). */
    private Optional<String> unlessLost() {
      if (time.nanos() - lookedNanos < LOST_EVERY.toNanos()) return Optional.empty();
      lookedNanos = time.nanos();
      Optional<Refusal> lost = new LostLog(calls, point).evidence();
      if (lost.isEmpty()) return Optional.empty();
      for (String archive : point.archives()) {
        if (has(archive)) return Optional.of(archive);
      }
      throw RefusalFailure.of(lost.get());
    }

    /** The archive that has it; a failure where none of them answers (rule K4). */
    private Optional<String> look() {
      List<ApplicationFailure> failures = new ArrayList<>();
      for (String archive : point.archives()) {
        try {
          if (has(archive)) return Optional.of(archive);
        } catch (ApplicationFailure e) {
          failures.add(e);
        }
      }
      if (failures.size() < point.archives().size()) {
        progress = progress.answered();
        return Optional.empty();
      }
      progress = progress.failing(time.now());
      context.heartbeat(progress); // so that the next attempt knows since when it waits
      throw worthMost(failures);
    }

    private boolean has(String archive) {
      Command ask = new Command.ListPoints(point.volume(), point.gid(), 0);
      return calls.ask(archive, ask, Reply.Points.class).points().stream()
          .anyMatch(found -> found.gid() == point.gid() && found.clean());
    }
  }

  private static String waiting(Awaited point) {
    return "%s to have gid %d of %s"
        .formatted(String.join(" or ", point.archives()), point.gid(), point.volume());
  }

  /** One that may pass, if there is one: then it is worth to go on. */
  private static ApplicationFailure worthMost(List<ApplicationFailure> failures) {
    return failures.stream()
        .filter(failure -> !failure.isNonRetryable())
        .findFirst()
        .orElse(failures.getFirst());
  }
}
